"""The index of the platform's own ids. Built without blocking a write, hence outside a transaction and alone."""

from django.db import migrations, models
from django.db.models import Q

INDEX = "user_external_id_uniq"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("parental", "0007_external_ids")]

    operations = [
        # An interrupted build leaves an invalid index behind: begin again.
        migrations.RunSQL(sql=f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}", reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            sql=f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON parental_user (external_id)"
            " WHERE external_id IS NOT NULL",
            reverse_sql=f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}",
            state_operations=[
                migrations.AddConstraint(
                    model_name="user",
                    constraint=models.UniqueConstraint(
                        condition=Q(external_id__isnull=False), fields=("external_id",), name=INDEX
                    ),
                ),
            ],
        ),
    ]
