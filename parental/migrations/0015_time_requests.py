"""Children's requests for more time: a new table, which no older version knows."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parental", "0014_erasure"),
        ("viewing", "0014_title_duration"),
    ]

    operations = [
        migrations.CreateModel(
            name="TimeRequest",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("minutes", models.PositiveSmallIntegerField(verbose_name="minutes")),
                ("reason", models.CharField(blank=True, default="", max_length=140, verbose_name="reason")),
                ("day", models.DateField(verbose_name="viewing day")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("granted", "granted"),
                            ("declined", "declined"),
                            ("expired", "expired"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="asked")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("answered_via", models.CharField(blank=True, default="", max_length=10, verbose_name="answered on")),
                ("granted_minutes", models.PositiveSmallIntegerField(null=True, verbose_name="granted minutes")),
                ("note", models.CharField(blank=True, default="", max_length=140, verbose_name="note")),
                ("muted_until", models.DateTimeField(null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "grant",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="request",
                        to="parental.timegrant",
                    ),
                ),
                (
                    "player_token",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="viewing.playertoken",
                    ),
                ),
                (
                    "profile",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="time_requests",
                        to="viewing.profile",
                    ),
                ),
            ],
            options={
                "verbose_name": "request",
                "verbose_name_plural": "requests",
                "indexes": [
                    models.Index(
                        models.F("profile"),
                        models.OrderBy(models.F("created_at"), descending=True),
                        name="request_profile_created_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("profile",), name="request_open_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gte", 15), ("minutes__lte", 120)), name="request_minutes_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_via", ""), ("ended_at", None), ("grant", None), ("state", "open")),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("state__in", ["granted", "declined"]),
                                models.Q(("answered_via", ""), _negated=True),
                            ),
                            models.Q(
                                ("answered_via", ""),
                                ("ended_at__isnull", False),
                                ("grant", None),
                                ("state__in", ["expired", "withdrawn"]),
                            ),
                            _connector="OR",
                        ),
                        name="request_answer_whole",
                    ),
                ],
            },
        ),
    ]
