from django.db import migrations, models

from viewing.brief_locks import WithBriefLocks


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("parental", "0009_webhooks"), ("viewing", "0014_title_duration")]

    operations = [
        WithBriefLocks(
            [
                migrations.AddField(
                    "timegrant", "opened_seconds", models.IntegerField(db_default=0, default=0, editable=False)
                )
            ]
        )
    ]
