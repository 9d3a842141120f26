"""What the Performance page shows: tiles and warnings of now, plots of the last minutes, hour and week.

The last minutes are this host's, from the file of `perfmetrics/reading/recorder.py`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from perfmetrics import accuracy
from perfmetrics.counting import folder
from perfmetrics.models import MinuteFigures
from perfmetrics.page import past, plots
from perfmetrics.page.plots import Range, Spec, number, percent
from perfmetrics.page.specs import FETCHES_LIMIT, LIVE_SPECS, P95_LIMIT_MS
from perfmetrics.reading import recorder
from perfmetrics.reading.recorder import Recent

LIVE_SECONDS: Final = 300
# Tiles show the mean of so many points, so that they can be read while they move.
TILE_POINTS: Final = 3
WARNED_SECONDS: Final = 60


def page(*, now: float, with_history: bool) -> dict[str, Any]:
    """Everything of the page as JSON; the history, which changes once a minute, only when asked for."""
    recent = recorder.load(folder.path())
    found: dict[str, Any] = {"now": live(recent, past.last_minute(), now=now)}
    if with_history:
        found |= {
            "hour": past.last_hour(now=now),
            "week": past.last_week(now=now),
            "reconcile": (check := accuracy.last_check()) and asdict(check),
        }
    return found


def live(recent: Recent | None, minute: MinuteFigures | None, *, now: float) -> dict[str, Any]:
    """Tiles, warnings and plots of the last five minutes on this host."""
    points = [point for point in (recent.points if recent else ()) if point["at"] > now - LIVE_SECONDS]
    fetches = minute.config_fetches if minute else None
    limit = recent.last.queue_limit if recent else settings.HEARTBEAT_QUEUE_SIZE
    covered = Range(
        start=now - LIVE_SECONDS,
        end=now,
        step=recorder.POINT_SECONDS * 2,
        labels=[(now - 60 * ago, f"−{ago} min" if ago else _("now")) for ago in (5, 4, 3, 2, 1, 0)],
    )
    return {
        "host": settings.METRICS_HOST,
        "workers": int(recent.last.workers) if recent else 0,
        "uptime": duration(now - folder.started()),
        "read_at": datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S"),
        "tiles": tiles(points, fetches=fetches, queue_limit=limit, waiting=recent.last.hashes_waiting if recent else 0),
        "warnings": warnings(points, fetches=fetches, queue_limit=limit, now=now),
        "plots": [plots.draw(_limited(spec, limit), points, covered) for spec in LIVE_SPECS],
    }


def _limited(spec: Spec, queue_limit: float) -> Spec:
    # A queue that has reached its size is over it: the next beat is refused.
    return plots.with_limit(spec, queue_limit - 1) if spec.key == "queue" else spec


def tiles(
    points: Sequence[dict[str, Any]], *, fetches: float | None, queue_limit: float, waiting: float
) -> list[dict[str, Any]]:
    """The figures of now; `is_bad` marks those over their limit."""
    latest = points[-TILE_POINTS:]

    def mean(key: str) -> float | None:
        values = [point[key] for point in latest if point[key] is not None]
        return sum(values) / len(values) if values else None

    p95, failures = mean("p95"), sum(point["failures"] for point in latest)
    queue = max((point["queue"] for point in latest), default=0)
    busy = sum(point["refused_busy"] for point in latest)
    return [
        _tile("heartbeats", _("Heartbeats per second"), number(mean("heartbeats") or 0)),
        _tile(
            "p95",
            _("p95, ms"),
            _number(p95),
            note=_("p50 %(p50)s · p99 %(p99)s") % {"p50": _number(mean("p50")), "p99": _number(mean("p99"))},
            is_bad=p95 is not None and p95 > P95_LIMIT_MS,
        ),
        _tile("statements", _("Statements per heartbeat"), _number(mean("statements"))),
        _tile("hit_rate", _("Cache hits"), "–" if (rate := mean("hit_rate")) is None else percent(rate)),
        _tile(
            "queue",
            _("Longest queue"),
            number(queue),
            note=_("of %s per worker") % number(queue_limit),
            is_bad=queue >= queue_limit or busy > 0,
        ),
        _tile(
            "pin_checks",
            _("PIN checks per second"),
            number(mean("pin_checks") or 0),
            note=_("%s waiting") % number(waiting),
        ),
        _tile("failures", _("Failures"), number(failures), note=_("in the last 6 s"), is_bad=failures > 0),
        _tile(
            "config_fetches",
            _("Config reads per profile"),
            _number(fetches),
            note=_("per TTL; 1 or less is fine"),
            is_bad=fetches is not None and fetches > FETCHES_LIMIT,
        ),
    ]


def _tile(key: str, title: str, value: str, *, note: str = "", is_bad: bool = False) -> dict[str, Any]:
    return {"key": key, "title": title, "value": value, "note": note, "is_bad": is_bad}


def _number(value: float | None) -> str:
    return "–" if value is None else number(value)


def warnings(points: Sequence[dict[str, Any]], *, fetches: float | None, queue_limit: float, now: float) -> list[str]:
    """What was over its limit within the last minute, in sentences."""
    last = [point for point in points if point["at"] > now - WARNED_SECONDS]
    slowest = max((point["p95"] or 0 for point in last), default=0)
    failures, busy = (sum(point[key] for point in last) for key in ("failures", "refused_busy"))
    queue = max((point["queue"] for point in last), default=0)
    found = []
    if slowest > P95_LIMIT_MS:
        found.append(_("p95 reached %(ms)s ms; the limit is %(limit)s ms.") % {"ms": number(slowest), "limit": "200"})
    if failures:
        sentence = ngettext("%s request failed; see the log.", "%s requests failed; see the log.", int(failures))
        found.append(sentence % number(failures))
    if queue >= queue_limit or busy:
        sentence = ngettext(
            "A queue was full or a row was locked: %s heartbeat was refused as busy.",
            "A queue was full or a row was locked: %s heartbeats were refused as busy.",
            int(busy),
        )
        found.append(sentence % number(busy))
    if fetches is not None and fetches > FETCHES_LIMIT:
        found.append(_("The config cache is too small: each profile was read %s times per TTL.") % number(fetches))
    return found


def duration(seconds: float) -> str:
    """Like 3 d 4 h, 5 h 12 min or 40 s."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("%d min") % minutes if minutes else _("%d s") % rest
