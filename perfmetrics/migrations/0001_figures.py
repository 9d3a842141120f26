from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="MinuteFigures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minute", models.DateTimeField(help_text="Start of the minute.", verbose_name="minute")),
                ("host", models.CharField(max_length=255, verbose_name="host")),
                ("workers", models.PositiveIntegerField(verbose_name="workers")),
                ("heartbeats", models.PositiveBigIntegerField(verbose_name="heartbeats")),
                (
                    "failures",
                    models.PositiveBigIntegerField(help_text="Heartbeats that failed closed.", verbose_name="failures"),
                ),
                (
                    "statements",
                    models.PositiveBigIntegerField(
                        help_text="Database statements of heartbeats.", verbose_name="statements"
                    ),
                ),
                ("batches", models.PositiveBigIntegerField(verbose_name="batches")),
                ("p50_ms", models.FloatField(null=True, verbose_name="p50")),
                ("p95_ms", models.FloatField(null=True, verbose_name="p95")),
                ("p99_ms", models.FloatField(null=True, verbose_name="p99")),
                ("longest_queue", models.PositiveBigIntegerField(verbose_name="longest queue")),
                ("refused_busy", models.PositiveBigIntegerField(verbose_name="refused as busy")),
                ("cache_hits", models.PositiveBigIntegerField(verbose_name="cache hits")),
                ("cache_misses", models.PositiveBigIntegerField(verbose_name="cache misses")),
                (
                    "config_fetches",
                    models.FloatField(
                        help_text="Database reads per cached profile within one TTL.",
                        null=True,
                        verbose_name="reads per profile",
                    ),
                ),
                ("pin_checks", models.PositiveBigIntegerField(verbose_name="PIN checks")),
                ("pin_checks_wrong", models.PositiveBigIntegerField(verbose_name="wrong PINs")),
                ("slow_requests", models.PositiveBigIntegerField(verbose_name="slow requests")),
            ],
            options={
                "verbose_name": "minute",
                "verbose_name_plural": "performance",
                "constraints": [
                    models.UniqueConstraint(fields=("minute", "host"), name="minute_figures_minute_host_uniq")
                ],
            },
        ),
        migrations.CreateModel(
            name="ReconcileRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                "indexes": [models.Index(fields=["ran_at"], name="reconcile_run_ran_at_idx")],
            },
        ),
    ]
