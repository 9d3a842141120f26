import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parental", "0003_pin_guards"),
        ("viewing", "0001_viewing_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="SettingsChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.CharField(max_length=32, verbose_name="setting")),
                (
                    "old_value",
                    models.JSONField(help_text="Empty means no limit.", null=True, verbose_name="before"),
                ),
                (
                    "new_value",
                    models.JSONField(help_text="Empty means no limit.", null=True, verbose_name="after"),
                ),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="changed")),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="settings_changes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "profile",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="settings_changes",
                        to="viewing.profile",
                    ),
                ),
            ],
            options={
                "verbose_name": "settings change",
                "verbose_name_plural": "settings changes",
                "indexes": [models.Index(fields=["profile", "changed_at"], name="change_profile_changed_idx")],
            },
        ),
    ]
