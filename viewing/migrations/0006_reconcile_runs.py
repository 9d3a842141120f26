"""ReconcileRun moves here from perfmetrics, in Django's state only: the table stays where it is, under its name.

Workers of the version before and after this one read and write the same table while they run side by side.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _move_content_type(apps: Apps, schema_editor: BaseDatabaseSchemaEditor, *, source: str, target: str) -> None:
    """Keep the row that permissions refer to, so that everyone who was granted one keeps it.

    There is none in a new database (Django makes it after all migrations), and two where both versions made one.
    """
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(schema_editor.connection.alias)
    if not content_types.filter(app_label=target, model="reconcilerun").exists():
        content_types.filter(app_label=source, model="reconcilerun").update(app_label=target)


def move_to_viewing(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _move_content_type(apps, schema_editor, source="perfmetrics", target="viewing")


def move_to_perfmetrics(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _move_content_type(apps, schema_editor, source="viewing", target="perfmetrics")


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("perfmetrics", "0002_reconcile_runs_move"),
        ("viewing", "0005_autovacuum_of_hot_rows"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="ReconcileRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("ran_at", models.DateTimeField(verbose_name="ran at")),
                        ("day", models.DateField(verbose_name="viewing day")),
                        ("profiles_checked", models.PositiveBigIntegerField(verbose_name="profiles")),
                        ("sessions_checked", models.PositiveBigIntegerField(verbose_name="sessions")),
                        ("differing_profiles", models.PositiveBigIntegerField(verbose_name="differing profiles")),
                        ("difference_seconds", models.PositiveBigIntegerField(verbose_name="difference (s)")),
                        ("duration_ms", models.FloatField(help_text="Milliseconds.", verbose_name="duration")),
                    ],
                    options={
                        "verbose_name": "reconciliation",
                        "verbose_name_plural": "reconciliations",
                        "db_table": "perfmetrics_reconcilerun",
                        "indexes": [models.Index(fields=["ran_at"], name="reconcile_run_ran_at_idx")],
                    },
                ),
            ],
        ),
        migrations.RunPython(move_to_viewing, move_to_perfmetrics, elidable=True),
    ]
