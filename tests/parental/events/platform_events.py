"""Functions that make the events of the platform's calls happen.

Each takes a `Scene` and returns the account, and values that the log line must have.
"""

import uuid

from django.utils import timezone

from parental.models import Erasure, User
from tests.families import make_service, make_user
from tests.parental.privacy.erased import erase_what_is_due
from viewing.models import Profile


def registered(scene):
    key = str(uuid.uuid4())
    assert make_service("accounts").put_account(scene.http, key).status_code == 201
    return User.objects.get(external_id=key), {"by": "platform", "via": "platform"}


def _erasing(scene):
    """A service, an account with a child, and the path of the child."""
    service, key = make_service("accounts"), str(uuid.uuid4())
    service.put_account(scene.http, key, profiles=[{"external_id": "mia", "name": "Mia", "is_kids": True}])
    path = f"/api/v1/platform/accounts/{key}/profiles/mia"
    assert scene.http.delete(path, headers=service.headers).status_code == 202
    profile = Profile.everyone.get(external_id="mia", user__external_id=key)
    return service, profile, path


def erasure_asked(scene):
    _service, profile, _path = _erasing(scene)
    return profile.user, {"by": "platform", "kind": "profile", "subject_id": profile.pk}


def erasure_cancelled(scene):
    service, profile, path = _erasing(scene)
    assert scene.http.post(f"{path}/restore", headers=service.headers).status_code == 200
    return profile.user, {"by": "platform", "kind": "profile", "subject_id": profile.pk}


def erasure_done(scene):
    _service, profile, _path = _erasing(scene)
    Erasure.objects.filter(subject_id=profile.pk).update(erase_at=timezone.now())
    erase_what_is_due()
    return profile.user, {"by": "system", "kind": "profile"}


def account_updated(scene):
    service, user = make_service("accounts"), make_user(external_id=str(uuid.uuid4()))
    profiles = [{"external_id": "mia", "name": "Mia"}]
    assert service.put_account(scene.http, user.external_id, profiles=profiles).status_code == 200
    return user, {"by": "platform", "made": 1, "changed": 0, "is_email_changed": False}
