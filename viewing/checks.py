"""System checks of the stored data: run by `manage.py check --database default` and by `migrate`."""

from collections.abc import Sequence

from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import connections
from django.db.models import Count, Min, TextField
from django.db.models.functions import Cast

from viewing import rules
from viewing.models import ViewingTimeConfig


@register(Tags.database)
def check_timezones_are_known(*, databases: Sequence[str] | None = None, **_: object) -> list[CheckMessage]:
    """Children whose stored timezone this host's zone data does not know: their days follow UTC."""
    if not databases or "default" not in databases or not _has_table():
        return []
    unknown = ViewingTimeConfig.objects.exclude(timezone__in=rules.timezones()).values("timezone").order_by("timezone")
    return [
        CheckWarning(
            f"{row['profiles']} profiles have the timezone {row['timezone']!r}, which this host does not know; "
            f"their days follow UTC. One of them: {row['first']}.",
            hint="Update the tzdata package, or have the parents choose another timezone.",
            id="sandglass.W004",
        )
        for row in unknown.annotate(profiles=Count("*"), first=Min(Cast("profile_id", TextField())))
    ]


def _has_table() -> bool:
    # Not before the first migration.
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [ViewingTimeConfig._meta.db_table])
        return bool(cursor.fetchone()[0])
