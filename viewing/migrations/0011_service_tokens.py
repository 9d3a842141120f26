"""Tokens of the platform's backends, and the platform's own ids of profiles: no row is rewritten."""

import uuid

import django.contrib.postgres.fields
import django.utils.timezone
from django.db import migrations, models

import viewing.fields
from viewing.brief_locks import WithBriefLocks


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("viewing", "0010_outbox"),
    ]

    operations = [
        migrations.CreateModel(
            name="ServiceToken",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("token_hash", models.BinaryField(max_length=32, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True, help_text="Leave empty if it never expires.", null=True, verbose_name="expires"
                    ),
                ),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked")),
                (
                    "name",
                    models.CharField(help_text="Which service uses it and where.", max_length=100, verbose_name="name"),
                ),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("catalogue", "catalogue: write titles"),
                                ("accounts", "accounts: write accounts, profiles and player tokens"),
                                ("read", "read: balances"),
                            ],
                            max_length=16,
                        ),
                        size=None,
                        verbose_name="scopes",
                    ),
                ),
            ],
            options={
                "verbose_name": "service token",
                "verbose_name_plural": "service tokens",
            },
        ),
        WithBriefLocks(
            [migrations.AddField(model_name="profile", name="external_id", field=viewing.fields.external_id_field())]
        ),
    ]
