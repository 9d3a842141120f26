"""Standard Webhooks: signed by the library, verified by the library; secrets are encrypted at rest."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from parental.deliver import signing

# The example of the specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("hours", [0, 2, -7])
def test_the_vector_of_the_specification(hours):
    """The library takes the digits of any timezone for UTC's."""
    at = datetime.fromtimestamp(AT, timezone(timedelta(hours=hours)))

    assert signing.sign(SECRET, MESSAGE, at=at, body=BODY) == SIGNATURE


def test_what_is_sent_verifies_and_what_is_changed_does_not():
    secret, other, event_id = signing.new_secret(), signing.new_secret(), uuid.uuid4()
    body = '{"type":"grant.made","name":"Zoë"}'
    headers = signing.headers([secret], event_id, at=datetime.now(UTC), body=body)

    assert headers["webhook-id"] == f"msg_{event_id.hex}"
    Webhook(secret).verify(body.encode(), headers)
    for wrong in (body.replace("made", "mada"), body + " "):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(wrong, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, {**headers, "webhook-id": f"msg_{uuid.uuid4().hex}"})


def test_two_secrets_both_verify():
    new, old = signing.new_secret(), signing.new_secret()
    headers = signing.headers([new, old], uuid.uuid4(), at=datetime.now(UTC), body=BODY)

    assert [one.split(",")[0] for one in headers["webhook-signature"].split(" ")] == ["v1", "v1"]
    Webhook(new).verify(BODY, headers)
    Webhook(old).verify(BODY, headers)


def test_secrets_are_encrypted_and_survive_a_new_key(settings):
    secret = signing.new_secret()
    settings.SECRET_KEY = "the first key"
    stored = signing.encrypt(secret)
    assert secret not in stored
    assert signing.is_current(stored)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the second key", ["the first key"]
    assert signing.decrypt(stored) == secret
    assert not signing.is_current(stored)

    settings.SECRET_KEY_FALLBACKS = []
    assert signing.decrypt(stored) is None
