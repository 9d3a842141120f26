"""Functions that make the events of children's requests happen, as those of `family_events.py`."""

from datetime import timedelta

from django.utils import timezone

from parental.children.time_requests import expiry
from parental.children.time_requests.models import TimeRequest
from tests.parental.asked import make_asking_home


def _asked(scene):
    home = make_asking_home()
    return home, home.ask(scene.http).json()["id"]


def request_made(scene):
    home, request_id = _asked(scene)
    about = {"profile_id": home.child.profile.id, "request_id": request_id, "minutes": 30, "remaining_minutes": 0.0}
    return home.parent.user, {"by": "player", **about}


def request_answered(scene):
    home, request_id = _asked(scene)
    home.answer(scene.http, request_id)
    about = {"request_id": request_id, "minutes": 30, "decision": "grant", "granted_minutes": 30, "via": "app"}
    return home.parent.user, {"by": "parent", **about}


def request_answered_on_the_page(scene):
    home, request_id = _asked(scene)
    answer = scene.browse(home.parent.user).post(f"/requests/{request_id}/answer", say="no")
    assert answer.status_code == 302
    return home.parent.user, {"by": "parent", "decision": "decline", "granted_minutes": None, "via": "page"}


def request_withdrawn(scene):
    home, request_id = _asked(scene)
    home.withdraw(scene.http, request_id)
    return home.parent.user, {"by": "player", "request_id": request_id}


def request_expired(scene):
    home, request_id = _asked(scene)
    mine = TimeRequest.objects.filter(pk=request_id)
    expiry.expire(mine, now=timezone.now() + timedelta(hours=1))
    return home.parent.user, {"by": "system", "request_id": request_id}
