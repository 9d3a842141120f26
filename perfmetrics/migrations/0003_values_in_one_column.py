"""A minute's values in one JSON column; the old columns get defaults (see perfmetrics/reading/old_columns.py).

Safe on a live database: no row is rewritten, and the table, which no heartbeat uses, is locked for milliseconds. Workers
of the version before this one insert rows without the new column, which is empty then.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("perfmetrics", "0002_reconcile_runs_move"),
    ]

    operations = [
        migrations.AddField(
            model_name="minutefigures",
            name="figures",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                help_text="Values by name, as perfmetrics/reading/registry.py lists them; times in milliseconds.",
                verbose_name="figures",
            ),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="batches",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="batches"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="cache_hits",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="cache hits"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="cache_misses",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="cache misses"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="failures",
            field=models.PositiveBigIntegerField(
                db_default=0, help_text="Heartbeats that failed closed.", verbose_name="failures"
            ),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="heartbeats",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="heartbeats"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="longest_queue",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="longest queue"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="pin_checks",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="PIN checks"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="pin_checks_wrong",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="wrong PINs"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="refused_busy",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="refused as busy"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="slow_requests",
            field=models.PositiveBigIntegerField(db_default=0, verbose_name="slow requests"),
        ),
        migrations.AlterField(
            model_name="minutefigures",
            name="statements",
            field=models.PositiveBigIntegerField(
                db_default=0, help_text="Database statements of heartbeats.", verbose_name="statements"
            ),
        ),
    ]
