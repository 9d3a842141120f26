"""History and reports read by it. Built without blocking a write, hence outside a transaction and alone."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0001_viewing_time")]

    operations = [
        # An interrupted build leaves an invalid index behind: start over.
        migrations.RunSQL(
            sql="DROP INDEX CONCURRENTLY IF EXISTS session_profile_started_idx", reverse_sql=migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="viewingsession",
            index=models.Index(
                models.F("profile"),
                models.OrderBy(models.F("started_at"), descending=True),
                name="session_profile_started_idx",
            ),
        ),
    ]
