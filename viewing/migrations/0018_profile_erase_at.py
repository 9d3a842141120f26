"""From when on a profile is erased: no row is rewritten."""

from django.db import migrations, models

from viewing.brief_locks import WithBriefLocks


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0017_limit_reached")]

    operations = [
        WithBriefLocks(
            [migrations.AddField("profile", "erase_at", models.DateTimeField(blank=True, editable=False, null=True))]
        ),
    ]
