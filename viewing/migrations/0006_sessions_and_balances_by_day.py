"""Reconciliation reads whole days by them. Built without blocking a write, hence outside a transaction.

No beat changes a day, so updates stay away from these indexes (HOT).
"""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

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
            AddIndexConcurrently(
                model_name=model, index=BrinIndex(fields=["day"], name=name, autosummarize=True, pages_per_range=16)
            )
            for model, name in INDEXES
        ),
    ]
