"""A family's calendar, and the exceptions from its children's plans."""

import datetime
import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from viewing.brief_locks import WithBriefLocks


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("viewing", "0008_plan_constraints_valid"),
    ]

    operations = [
        WithBriefLocks(
            [
                migrations.CreateModel(
                    name="FamilyCalendar",
                    fields=[
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="family_calendar",
                                serialize=False,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "weekend_days",
                            models.SmallIntegerField(
                                default=96,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(126),
                                ],
                            ),
                        ),
                        (
                            "week_starts_on",
                            models.SmallIntegerField(
                                default=0,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(6),
                                ],
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "family calendar",
                        "verbose_name_plural": "family calendars",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(weekend_days__gte=1, weekend_days__lte=126),
                                name="family_weekend_valid",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(week_starts_on__gte=0, week_starts_on__lte=6),
                                name="family_week_start_valid",
                            ),
                        ],
                    },
                ),
            ]
        ),
        WithBriefLocks(
            [
                migrations.CreateModel(
                    name="PlanException",
                    fields=[
                        (
                            "id",
                            models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                        ),
                        ("from_date", models.DateField(verbose_name="from")),
                        ("to_date", models.DateField(verbose_name="to")),
                        ("name", models.CharField(max_length=60, verbose_name="name")),
                        (
                            "source",
                            models.CharField(choices=[("quick", "only today"), ("manual", "planned")], max_length=7),
                        ),
                        ("changes", models.JSONField()),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=django.utils.timezone.now, editable=False, verbose_name="created"
                            ),
                        ),
                        (
                            "profile",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="plan_exceptions",
                                to="viewing.profile",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="plan_exceptions",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "plan exception",
                        "verbose_name_plural": "plan exceptions",
                        "indexes": [models.Index(fields=["user", "to_date"], name="exception_user_to_idx")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    from_date__lte=models.F("to_date"),
                                    to_date__lte=models.F("from_date") + datetime.timedelta(days=366),
                                ),
                                name="exception_dates_valid",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Func(
                                        models.F("changes"),
                                        template="jsonb_typeof(%(expressions)s) = 'object'",
                                        output_field=models.BooleanField(),
                                    )
                                ),
                                name="exception_changes_object",
                            ),
                        ],
                    },
                ),
            ]
        ),
    ]
