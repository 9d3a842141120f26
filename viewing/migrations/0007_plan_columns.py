"""The columns of the week plan. Existing children have version 0 and stay as they are: no row is rewritten."""

from typing import Any

import django.contrib.postgres.fields
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from viewing.brief_locks import WithBriefLocks


def add(name: str, field: Any) -> migrations.AddField:
    return migrations.AddField("viewingtimeconfig", name, field)


def check(name: str, condition: models.Q) -> AddConstraintNotValid:
    return AddConstraintNotValid("viewingtimeconfig", models.CheckConstraint(condition=condition, name=name))


def on(column: str, template: str) -> models.Func:
    return models.Func(models.F(column), template=template, output_field=models.BooleanField())


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0006_reconcile_runs")]

    operations = [
        WithBriefLocks(
            [
                add("plan_version", models.IntegerField(db_default=0, default=0, editable=False)),
                add(
                    "day_limits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(null=True), blank=True, editable=False, null=True, size=7
                    ),
                ),
                add("plan", models.JSONField(blank=True, editable=False, null=True)),
                add("uses_week", models.BooleanField(db_default=False, default=False, editable=False)),
                add("locked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                add("locked_until", models.DateTimeField(blank=True, editable=False, null=True)),
                add(
                    "lock_note", models.CharField(blank=True, db_default="", default="", editable=False, max_length=60)
                ),
                add("open_until", models.DateTimeField(blank=True, editable=False, null=True)),
            ]
        ),
        WithBriefLocks(
            [
                check("config_plan_version_valid", models.Q(plan_version__gte=0)),
                check(
                    "config_day_limits_valid",
                    models.Q(day_limits__isnull=True)
                    | models.Q(
                        on("day_limits", "cardinality(%(expressions)s) = 7"),
                        on("day_limits", "15 <= ALL(%(expressions)s)"),
                        on("day_limits", "480 >= ALL(%(expressions)s)"),
                    ),
                ),
                check(
                    "config_plan_object",
                    models.Q(plan__isnull=True) | models.Q(on("plan", "jsonb_typeof(%(expressions)s) = 'object'")),
                ),
                check(
                    "config_lock_ordered",
                    models.Q(locked_until__isnull=True)
                    | models.Q(locked_at__isnull=False, locked_until__gt=models.F("locked_at")),
                ),
            ]
        ),
    ]
