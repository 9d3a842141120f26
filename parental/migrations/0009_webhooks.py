"""Webhook endpoints and deliveries: new tables, which no older version knows."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parental", "0008_external_id_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bounces",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="bounces",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("email_hash", models.BinaryField(max_length=32)),
                ("count", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "verbose_name": "bounces",
                "verbose_name_plural": "bounces",
            },
        ),
        migrations.CreateModel(
            name="DeliveryTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=7)),
                ("outcome", models.CharField(max_length=9)),
                ("count", models.PositiveBigIntegerField(default=0)),
                ("seconds", models.FloatField(default=0)),
            ],
            options={
                "verbose_name": "deliveries by outcome",
                "verbose_name_plural": "deliveries by outcome",
                "constraints": [models.UniqueConstraint(fields=("channel", "outcome"), name="delivery_total_uniq")],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("url", models.CharField(max_length=500, verbose_name="URL")),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        help_text="None selected: all types, also those that are added later.",
                        size=None,
                        verbose_name="event types",
                    ),
                ),
                ("secret", models.TextField(editable=False)),
                ("old_secret", models.TextField(blank=True, default="", editable=False)),
                ("old_secret_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("is_enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("gone", "it answered 410 Gone"),
                            ("failing", "it failed for five days"),
                            ("staff", "disabled by staff"),
                        ],
                        default="",
                        max_length=7,
                        verbose_name="disabled because",
                    ),
                ),
                ("failing_since", models.DateTimeField(blank=True, null=True, verbose_name="failing since")),
                ("paused_until", models.DateTimeField(blank=True, null=True, verbose_name="paused until")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook endpoint",
                "verbose_name_plural": "webhook endpoints",
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("webhook", "webhook"), ("mail", "email")], max_length=7, verbose_name="channel"
                    ),
                ),
                ("event_id", models.UUIDField(verbose_name="event")),
                ("type", models.CharField(max_length=40, verbose_name="type")),
                ("family_id", models.UUIDField(blank=True, db_index=True, null=True, verbose_name="account")),
                ("profile_id", models.UUIDField(blank=True, null=True, verbose_name="profile")),
                ("body", models.TextField(verbose_name="body")),
                ("priority", models.PositiveSmallIntegerField(default=5)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "sending"),
                            ("done", "delivered"),
                            ("dead", "failed for good"),
                            ("cancelled", "cancelled"),
                        ],
                        default="waiting",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                ("last_status", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="status")),
                ("last_error", models.CharField(blank=True, default="", max_length=200, verbose_name="error")),
                ("last_answer", models.CharField(blank=True, default="", max_length=500, verbose_name="answer")),
                ("duration_ms", models.PositiveIntegerField(blank=True, null=True, verbose_name="duration (ms)")),
                (
                    "replay_of",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="replays",
                        to="parental.delivery",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="parental.webhookendpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["endpoint", "priority", "due_at", "id"],
                        name="delivery_due_idx",
                    ),
                    models.Index(
                        condition=models.Q(("state", "sending")), fields=["claimed_until"], name="delivery_sending_idx"
                    ),
                    models.Index(
                        condition=models.Q(("replay_of__isnull", False)),
                        fields=["replay_of"],
                        name="delivery_replay_idx",
                    ),
                    models.Index(
                        models.F("endpoint"),
                        models.OrderBy(models.F("id"), descending=True),
                        name="delivery_endpoint_idx",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("channel", "webhook"), ("endpoint__isnull", False), ("user__isnull", True)),
                            models.Q(("channel", "mail"), ("endpoint__isnull", True), ("user__isnull", False)),
                            _connector="OR",
                        ),
                        name="delivery_has_receiver",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claimed_until__isnull", False), ("state", "sending")),
                            models.Q(models.Q(("state", "sending"), _negated=True), ("claimed_until__isnull", True)),
                            _connector="OR",
                        ),
                        name="delivery_claim_has_end",
                    ),
                ],
            },
        ),
    ]
