"""Tokens of edges and session gateways, which send heartbeats in bulk."""

import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("viewing", "0003_room_on_hot_pages"),
    ]

    operations = [
        migrations.CreateModel(
            name="GatewayToken",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(help_text="Which gateway uses it and where.", max_length=100, verbose_name="name"),
                ),
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
            ],
            options={
                "verbose_name": "gateway token",
                "verbose_name_plural": "gateway tokens",
            },
        ),
    ]
