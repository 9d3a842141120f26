"""The demo's week plans: one child or more for each part of a plan. A plan that was ever changed is left as it is."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from parental.demo.families.titles import demo_id
from parental.plans import calendars, exceptions, plans
from parental.plans.exception_schemas import ExceptionIn
from parental.plans.schemas import CalendarIn, PlanIn
from viewing import rules
from viewing.models import FamilyCalendar, ViewingTimeConfig

SCHOOL_NIGHTS: Final = ["sunday", "monday", "tuesday", "wednesday", "thursday"]
SCHOOL_DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday"]
AFTERNOON: Final = [{"from": "16:00", "to": "19:00"}]
# By the family's address and the child's name, as the API takes them.
PLANS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("parent@example.com", "Leo"): {
        "week": {"limit_minutes": 420, "carry_over_minutes": 30},
        "soft_end": {"finish_title_minutes": 15},
    },
    ("rossi@example.com", "Giulia"): {
        "quiet": [
            {"kind": "bedtime", "weekdays": SCHOOL_NIGHTS, "from": "20:30", "to": "07:00"},
            {
                "kind": "school",
                "weekdays": SCHOOL_DAYS,
                "from": "08:00",
                "to": "13:00",
                "allow_educational": True,
            },
        ]
    },
    ("miller@example.com", "Emma"): {
        "days": {
            day: {"limit_minutes": minutes}
            for day, minutes in zip([*SCHOOL_DAYS, "saturday", "sunday"], (60, 60, 75, 60, 90, 120, 150), strict=True)
        },
        "week": {"limit_minutes": 420, "carry_over_minutes": 30},
    },
    ("silva@example.com", "Rafael"): {
        "days": {day: {"windows": AFTERNOON} for day in SCHOOL_DAYS},
        "soft_end": {"finish_title_minutes": 15},
    },
}
# (child, days from today until the first and the last, name, what differs).
EXCEPTIONS: Final[dict[tuple[str, str], tuple[int, int, str, dict[str, Any]]]] = {
    ("parent@example.com", "Leo"): (3, 3, "Grandma's birthday", {"limit_minutes": 180}),
    ("tanaka@example.com", "Yui"): (0, 6, "Holidays", {"like": "saturday", "nights": "before"}),
}
# The weekend is Friday and Saturday.
FRIDAY_FAMILY: Final = "haddad@example.com"


def ensure_plans(*, now: datetime) -> None:
    """Give the demo's children their plans; those that have one, or had one, keep what they have."""
    if not settings.WEEK_PLAN:
        return
    user_id = demo_id("account", FRIDAY_FAMILY)
    if not FamilyCalendar.objects.filter(pk=user_id).exists():
        weekend = CalendarIn(weekend=["friday", "saturday"], week_starts_on="sunday")
        calendars.change(user_id, weekend, now=now)
    for email, name in dict.fromkeys([*PLANS, *EXCEPTIONS]):
        user_id, profile_id = demo_id("account", email), demo_id("profile", email, name)
        config = ViewingTimeConfig.objects.get(pk=profile_id)
        if config.plan_version:
            continue
        if body := PLANS.get((email, name)):
            plans.change(profile_id, PlanIn.model_validate(body), user_id=user_id, now=now)
        if ahead := EXCEPTIONS.get((email, name)):
            first, last, title, changes = ahead
            today = rules.viewing_day(config.schedule, now=now)
            about = {
                "profile_id": profile_id,
                "from_date": today + timedelta(days=first),
                "to_date": today + timedelta(days=last),
                "name": title,
                "changes": changes,
            }
            exceptions.make(user_id, ExceptionIn.model_validate(about), now=now)
