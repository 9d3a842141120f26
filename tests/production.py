"""The variables of a service as it is deployed behind a proxy that ends TLS."""

import secrets

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "sandglass.example",
    "SECURE_HTTPS": "true",
    "TRUST_PROXY_HEADERS": "true",
}
