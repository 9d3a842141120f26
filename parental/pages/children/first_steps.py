"""What a new family does first: look at the limits, set a PIN, connect a screen. On the dashboard until it is done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.children.today import Today
from parental.models import Pin, User
from viewing.models import PlayerToken

_WHY_A_PIN: Final = gettext_lazy(
    "With a PIN, you can give extra time on your child's device, and nobody else can connect devices."
)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps, with the page where it is done."""

    label: str
    url: str
    is_done: bool
    why: str | Promise = ""


def first_steps(user_id: UUID, family: Iterable[Today], *, now: datetime) -> list[Step]:
    """The steps in their order; none once all are done, or while there is no child. One statement."""
    children = [day for day in family if day.profile.is_kids]
    if not children:
        return []
    unseen = next((day.profile.id for day in children if not day.was_reviewed), children[0].profile.id)
    devices: Any = PlayerToken.objects.alive(now=now).filter(profile__user=OuterRef("pk"))
    pins = Pin.objects.filter(pk=OuterRef("pk"))
    account = User.objects.filter(pk=user_id).annotate(has_pin=Exists(pins), has_device=Exists(devices))
    has_pin, has_device = account.values_list("has_pin", "has_device").get()
    steps = [
        Step(_("Check the time per day"), reverse("limits", args=[unseen]), all(day.was_reviewed for day in children)),
        Step(_("Set a PIN"), reverse("pin"), has_pin, _WHY_A_PIN),
        Step(_("Connect a TV or tablet"), reverse("connect"), has_device),
    ]
    return [] if all(step.is_done for step in steps) else steps
