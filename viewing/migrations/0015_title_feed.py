"""The platform's own ids of titles, and when they left the catalogue: no row is rewritten."""

from django.db import migrations, models

import viewing.fields
from viewing.brief_locks import WithBriefLocks


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0014_title_duration")]

    operations = [
        WithBriefLocks(
            [
                migrations.AddField("title", "external_id", viewing.fields.external_id_field()),
                migrations.AddField(
                    "title", "retired_at", models.DateTimeField(blank=True, null=True, verbose_name="retired")
                ),
            ]
        ),
    ]
