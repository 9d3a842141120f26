"""How durations and moments are said to a parent."""

from datetime import datetime, timedelta

from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from viewing import rules


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


def with_names(sentence: str, **names: str) -> SafeString:
    """The sentence as HTML: each `{key}` becomes that name, which does not turn the direction of what is next to it."""
    return format_html(sentence, **{key: format_html("<bdi>{}</bdi>", name) for key, name in names.items()})
