"""What was asked to be erased, by the platform or by a command."""

import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parental", "0013_api_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("profile", "profile"), ("account", "account")], max_length=7, verbose_name="kind"
                    ),
                ),
                ("subject_id", models.UUIDField(null=True, verbose_name="of")),
                ("account_id", models.UUIDField(null=True)),
                ("subject_hash", models.BinaryField(max_length=32)),
                ("was_active", models.BooleanField(default=True)),
                ("asked_by", models.CharField(max_length=16, verbose_name="asked by")),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="asked")),
                ("erase_at", models.DateTimeField(verbose_name="due")),
                ("begun_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done")),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at__isnull", True)), fields=["erase_at"], name="erasure_due_idx"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("done_at__isnull", True)), fields=("subject_id",), name="erasure_open_uniq"
                    )
                ],
            },
        ),
    ]
