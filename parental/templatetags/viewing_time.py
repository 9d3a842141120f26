"""Durations and devices as people say them, with the API's exact minutes in the markup, and which pages there are."""

from typing import Final

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from parental.wording import duration
from viewing.models import ViewingSession

register = template.Library()

# Each is rounded to 2 decimals.
TOLERANCE: Final = 0.02
DEVICES: Final = dict(ViewingSession._meta.get_field("device_type").flatchoices)


@register.filter
def spoken(minutes: float) -> str:
    """1 h 20 min."""
    return duration(_seconds(minutes))


@register.filter
def clock(minutes: float) -> str:
    """1:20, for charts and tables with little room; below a minute 0:00."""
    return "{}:{:02}".format(*divmod(_seconds(minutes) // 60, 60))


@register.filter
def exactly(minutes: float) -> SafeString:
    """`spoken`, in an element whose value is the minutes as the API returns them."""
    return format_html('<data value="{}">{}</data>', str(minutes), spoken(minutes))


@register.filter
def exact_clock(minutes: float) -> SafeString:
    """`clock`, in an element whose value is the minutes as the API returns them."""
    return format_html('<data value="{}">{}</data>', str(minutes), clock(minutes))


@register.simple_tag
def counted(total: float, counted_minutes: float, educational: float, form: str = "spoken") -> SafeString:
    """The minutes that were counted, so that next to the others as they are shown, they add up to the total.

    `form`: `spoken` or `clock`, as the others.
    """
    shown, is_rest = counted_minutes, abs(counted_minutes + educational - total) < TOLERANCE
    if is_rest:
        shown = _seconds(total) // 60 - _seconds(educational) // 60
    text = clock(shown) if form == "clock" else spoken(shown)
    return format_html('<data value="{}">{}</data>', str(counted_minutes), text)


@register.filter
def device(device_type: str) -> str:
    """TV, phone, tablet or web."""
    return str(DEVICES[device_type])


@register.simple_tag
def has_plans() -> bool:
    """Whether this installation has week plans."""
    return bool(settings.WEEK_PLAN)


def _seconds(minutes: float) -> int:
    # Minutes are rounded to 2 decimals; whole seconds are nearer than that.
    return round(minutes * 60)
