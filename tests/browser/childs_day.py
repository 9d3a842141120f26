"""A child's day as the pictures need it: how much is left of it, and why nothing plays."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from parental.events.record import Actor
from parental.plans import locks, plans
from parental.plans.schemas import LockIn, PlanIn
from viewing import rules
from viewing.models import Profile, Title, ViewingSession, ViewingTimeBalance
from viewing.rules.documents import WEEKDAYS

PAST_DEVICE = "tablet-of-today"


def leave(child: Profile, minutes: int) -> None:
    """Let so much be left today, by a session that took the rest: the report must show it too."""
    config, now = child.config, timezone.now()
    day = rules.viewing_day(config.schedule, now=now)
    used_seconds = ((config.limit_minutes(day) or 0) - minutes) * 60
    as_if = {"used_seconds": used_seconds, "granted_seconds": 0, "is_unlimited_override": False}
    ViewingTimeBalance.objects.update_or_create(profile=child, day=day, defaults=as_if)
    others = ViewingSession.objects.filter(profile=child, day=day).exclude(device_id=PAST_DEVICE)
    counted = others.aggregate(seconds=Sum("counted_seconds"))["seconds"] or 0
    began = now - timedelta(seconds=used_seconds)
    ViewingSession.objects.update_or_create(
        profile=child,
        day=day,
        device_id=PAST_DEVICE,
        defaults={
            "title": Title.objects.get(name="Castle of Clouds"),
            "device_type": "tablet",
            "started_at": began,
            "last_heartbeat_at": now,
            "ended_at": now,
            "end_reason": "ended",
            "counted_seconds": max(0, used_seconds - counted),
        },
    )


def picture_reasons(camera: Any, child: Profile) -> None:
    """Bedtime, and a parent's stop; the child's plan is empty again afterwards. `camera`: of `screenshots.py`."""
    now, page = timezone.now(), camera.page

    def change(quiet: list[dict[str, object]]) -> None:
        plans.change(child.id, PlanIn.model_validate({"quiet": quiet}), user_id=child.user_id, now=now)

    local = now.astimezone(rules.zone_for(child.config.timezone))
    hours = {name: (local + timedelta(hours=ahead)).strftime("%H:00") for name, ahead in (("from", -1), ("to", 3))}
    change([{"kind": "bedtime", "weekdays": list(WEEKDAYS), **hours}])
    page.reload()
    page.get_by_text("Good night!").wait_for()
    camera.take("player-bedtime")
    actor = Actor("parent", child.user_id)
    lock = LockIn.model_validate({"profile_ids": [child.id], "note": "Dinner's ready!"})
    locks.lock(child.user_id, lock, actor=actor, now=now)
    page.get_by_text("Dinner's ready!").wait_for()
    camera.take("player-stopped")
    locks.unlock(child.user_id, [child.id], actor=actor, now=now)
    change([])
