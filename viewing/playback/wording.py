"""How durations, moments and what limits a child are said: the same sentences for parents and on the child's screen."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from viewing import rules
from viewing.rules.standing import Frame, Standing

CLOSED: Final = {
    "bedtime": gettext_lazy("Bedtime"),
    "school": gettext_lazy("School"),
    "other": gettext_lazy("No viewing"),
    "closed": gettext_lazy("No viewing"),
}


def duration(seconds: int) -> str:
    """Whole minutes, rounded down: what is said to be left is there. "1 h 05 min", "45 min"."""
    hours, minutes = divmod(seconds // 60, 60)
    if hours and minutes:
        return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}
    if hours:
        return _("%(hours)d h") % {"hours": hours}
    if minutes or not seconds:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("under 1 min")


def moment(instant: datetime, *, timezone: str, now: datetime) -> str:
    """A time of day in a zone, with its day as seen from now: "today at 18:30", "Mon 2 March at 06:00".

    An unknown zone is read as UTC.
    """
    zone = rules.zone_for(timezone)
    local, today = instant.astimezone(zone), now.astimezone(zone).date()
    time = formats.time_format(local.time(), "H:i")
    if local.date() == today:
        return _("today at %(time)s") % {"time": time}
    if local.date() == today + timedelta(days=1):
        return _("tomorrow at %(time)s") % {"time": time}
    if local.date() == today - timedelta(days=1):
        return _("yesterday at %(time)s") % {"time": time}
    return _("%(day)s at %(time)s") % {"day": formats.date_format(local.date(), "D j N"), "time": time}


def end(instant: datetime, *, timezone: str, now: datetime) -> str:
    """When something ends, after "until": "18:30" today, else as a moment."""
    zone = rules.zone_for(timezone)
    local = instant.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return str(formats.time_format(local.time(), "H:i"))
    return moment(instant, timezone=timezone, now=now)


def standing_sentence(standing: Standing, frame: Frame, *, timezone: str, now: datetime) -> str:
    """What limits a child now: "Bedtime until tomorrow at 07:00"; "" where nothing does but the day's time."""

    def until(sentence: str, instant: datetime, **words: object) -> str:
        return sentence % {"when": end(instant, timezone=timezone, now=now), **words}

    if frame.lock is not None:
        ends_at = frame.lock.until
        found = (
            _("Stopped until a parent allows it") if ends_at is None else until(_("Stopped until %(when)s"), ends_at)
        )
    elif not frame.hours.is_open:
        what, opens_at = CLOSED[frame.hours.kind or "closed"], frame.hours.opens_at
        found = str(what) if opens_at is None else until(_("%(what)s until %(when)s"), opens_at, what=what)
    elif standing.reason == "week_limit_reached":
        found = _("This week's time is used up")
    elif standing.reason == "limit_reached":
        found = _("Today's time is used up")
    elif standing.closes_at is None:
        found = ""
    else:
        sentence = _("Stops %(when)s") if frame.closes_by == "lock" else _("Viewing ends %(when)s")
        found = sentence % {"when": moment(standing.closes_at, timezone=timezone, now=now)}
    return found
