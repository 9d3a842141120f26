"""The indexes of the catalogue. Built without blocking a write, hence outside a transaction and alone."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models
from django.db.models import Q

EXTERNAL_ID, LISTED, WORDS = "title_external_id_uniq", "title_listed_idx", "title_words_idx"


def drop(name: str) -> migrations.RunSQL:
    """An interrupted build leaves an invalid index behind: begin again."""
    return migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", reverse_sql=migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0015_title_feed")]

    operations = [
        drop(EXTERNAL_ID),
        migrations.RunSQL(
            sql=f"CREATE UNIQUE INDEX CONCURRENTLY {EXTERNAL_ID} ON viewing_title (external_id)"
            " WHERE external_id IS NOT NULL",
            reverse_sql=f"DROP INDEX CONCURRENTLY IF EXISTS {EXTERNAL_ID}",
            state_operations=[
                migrations.AddConstraint(
                    "title",
                    models.UniqueConstraint(
                        fields=("external_id",), condition=Q(external_id__isnull=False), name=EXTERNAL_ID
                    ),
                ),
            ],
        ),
        drop(LISTED),
        AddIndexConcurrently(
            "title", models.Index(fields=["name", "id"], condition=Q(retired_at__isnull=True), name=LISTED)
        ),
        drop(WORDS),
        AddIndexConcurrently("title", GinIndex(SearchVector("name", config="simple"), name=WORDS)),
    ]
