"""The settings of the platform's own login: JWTs as tokens, and the login on the parents' pages."""

import os

from django.core.exceptions import ImproperlyConfigured

from config.environment import env_bool, env_url

# JWTs of this issuer are bearer tokens of parents and players.
OIDC_ISSUER = env_url("OIDC_ISSUER")
OIDC_AUDIENCE = os.environ.get("OIDC_AUDIENCE", "").strip()
OIDC_JWKS_URL = env_url("OIDC_JWKS_URL")
OIDC_CREATE_ACCOUNTS = env_bool("OIDC_CREATE_ACCOUNTS", False)
# As this client of it, the login page offers "Continue with {OIDC_NAME}". A public client has no secret.
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "").strip()
OIDC_CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "")
OIDC_NAME = os.environ.get("OIDC_NAME", "").strip()
# false: nobody logs in, registers or resets anything by a password of ours, but staff in the admin.
PASSWORD_LOGIN = env_bool("PASSWORD_LOGIN", True)

if OIDC_ISSUER and not OIDC_AUDIENCE:
    raise ImproperlyConfigured("OIDC_AUDIENCE is not set: tokens that the issuer made for others would be accepted.")
if OIDC_CLIENT_ID and not (OIDC_ISSUER and OIDC_NAME):
    raise ImproperlyConfigured("OIDC_CLIENT_ID needs OIDC_ISSUER and OIDC_NAME.")
if not PASSWORD_LOGIN and not OIDC_CLIENT_ID:
    raise ImproperlyConfigured("With PASSWORD_LOGIN=false nobody could log in: set OIDC_CLIENT_ID.")
