"""The baseline: the same beat as most would write it. Stock handler, default middleware, ORM, one transaction a beat.

It decides less than ours (no replay, no pause, no switch), so the comparison favours it.
"""

import hashlib
import json
import uuid
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from viewing import rules
from viewing.models import PlayerToken, Title, ViewingSession, ViewingTimeBalance, ViewingTimeConfig
from viewing.schemas import NIL


@csrf_exempt
def heartbeat(request: HttpRequest) -> JsonResponse:
    body = json.loads(request.body)
    token = hashlib.sha256(request.headers["Authorization"].removeprefix("Bearer ").encode()).digest()
    now = timezone.now()
    with transaction.atomic():
        player = PlayerToken.objects.select_related("profile").get(token_hash=token, revoked_at=None)
        config = ViewingTimeConfig.objects.get(profile=player.profile_id)
        title = Title.objects.get(id=body["title_id"])
        schedule = rules.Schedule(timezone=config.timezone, reset_hour=config.reset_hour)
        day = rules.viewing_day(schedule, now=now)
        session = _session(body, player, title, day, now)
        ViewingTimeBalance.objects.get_or_create(profile=player.profile, day=day)
        mine = ViewingTimeBalance.objects.filter(profile=player.profile, day=day)
        mine.update(used_seconds=F("used_seconds") + rules.BEAT_SECONDS)
        used_seconds = mine.get().used_seconds
    allowance = rules.Allowance(config.weekday_limit_minutes, used_seconds)
    return JsonResponse(
        {
            "session_id": session.id,
            "enforcement": allowance.enforcement,
            "remaining_minutes": (allowance.remaining_seconds or 0) / 60,
            "used_minutes": used_seconds / 60,
            "is_educational": session.is_educational,
        }
    )


def _session(body: Any, player: PlayerToken, title: Title, day: date, now: datetime) -> ViewingSession:
    if body["session_id"] != str(NIL):
        session = ViewingSession.objects.select_for_update(no_key=True).get(id=body["session_id"])
        ViewingSession.objects.filter(id=session.id).update(
            counted_seconds=F("counted_seconds") + rules.BEAT_SECONDS, last_heartbeat_at=now
        )
        return session
    running = ViewingSession.objects.filter(profile=player.profile, ended_at=None)
    running.update(ended_at=now, end_reason="taken_over")
    return ViewingSession.objects.create(
        id=uuid.uuid4(),
        profile=player.profile,
        title=title,
        device_id=body["device_id"],
        device_type=body["device_type"],
        day=day,
        started_at=now,
        last_heartbeat_at=now,
        counted_seconds=rules.BEAT_SECONDS,
    )


def ready(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


urlpatterns = [path("api/v1/viewing-time/heartbeat", heartbeat), path("health/ready", ready)]
