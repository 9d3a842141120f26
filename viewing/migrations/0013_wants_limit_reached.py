"""Whether heartbeats write the event `limit.reached`. Older versions insert the row without it: hence the database default."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("viewing", "0012_profile_external_ids"),
    ]

    operations = [
        migrations.AddField(
            model_name="sitesettings",
            name="wants_limit_reached",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
