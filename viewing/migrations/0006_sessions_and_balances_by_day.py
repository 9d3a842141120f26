"""Reconciliation reads whole days by them. Built without blocking a write, hence outside a transaction.

No beat changes a day, so updates stay away from these indexes (HOT).
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

INDEXES = [("viewingsession", "session_day_idx"), ("viewingtimebalance", "balance_day_idx")]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0005_autovacuum_of_hot_rows")]

    operations = [
        # An interrupted build leaves an invalid index behind: begin anew.
        *(
            migrations.RunSQL(sql=f"DROP INDEX CONCURRENTLY IF EXISTS {name}", reverse_sql=migrations.RunSQL.noop)
            for _, name in INDEXES
        ),
        *(
            AddIndexConcurrently(model_name=model, index=models.Index(fields=["day"], name=name))
            for model, name in INDEXES
        ),
    ]
