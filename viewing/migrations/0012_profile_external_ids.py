"""The index of the platform's own ids. Built without blocking a write, hence outside a transaction and alone."""

from django.db import migrations, models
from django.db.models import Q

INDEX = "profile_user_external_id_uniq"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0011_service_tokens")]

    operations = [
        # An interrupted build leaves an invalid index behind: begin again.
        migrations.RunSQL(sql=f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}", reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            sql=f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON viewing_profile (user_id, external_id)"
            " WHERE external_id IS NOT NULL",
            reverse_sql=f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}",
            state_operations=[
                migrations.AddConstraint(
                    model_name="profile",
                    constraint=models.UniqueConstraint(
                        condition=Q(external_id__isnull=False), fields=("user", "external_id"), name=INDEX
                    ),
                ),
            ],
        ),
    ]
