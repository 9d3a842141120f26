"""Functions that make the events of the platform's calls happen.

Each takes a `Scene` and returns the account, and values that the log line must have.
"""

import uuid

from parental.models import User
from tests.families import make_service, make_user


def registered(scene):
    key = str(uuid.uuid4())
    assert make_service("accounts").put_account(scene.http, key).status_code == 201
    return User.objects.get(external_id=key), {"by": "platform", "via": "platform"}


def account_updated(scene):
    service, user = make_service("accounts"), make_user(external_id=str(uuid.uuid4()))
    profiles = [{"external_id": "mia", "name": "Mia"}]
    assert service.put_account(scene.http, user.external_id, profiles=profiles).status_code == 200
    return user, {"by": "platform", "made": 1, "changed": 0, "is_email_changed": False}
