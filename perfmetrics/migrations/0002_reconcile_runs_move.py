"""ReconcileRun moves to viewing (its migration 0006), in Django's state only: the table stays where it is."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("perfmetrics", "0001_figures"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="ReconcileRun")]),
    ]
