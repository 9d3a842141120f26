"""The outbox: events that are written with what they are about, and taken out by a deliverer about a second later.

The table is nearly always empty and every row in it dies young, so it is vacuumed by the number of rows alone.
"""

import django.contrib.postgres.functions
from django.db import migrations, models

AUTOVACUUM = {"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 1000}


class Migration(migrations.Migration):
    dependencies = [("viewing", "0009_plan_tables")]

    operations = [
        migrations.CreateModel(
            name="OutboxEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID())),
                ("type", models.CharField(max_length=40, verbose_name="type")),
                ("family_id", models.UUIDField()),
                ("profile_id", models.UUIDField(null=True)),
                ("data", models.JSONField(default=dict)),
                ("actor", models.JSONField()),
                ("occurred_at", models.DateTimeField(verbose_name="occurred")),
            ],
            options={"verbose_name": "outbox event", "verbose_name_plural": "outbox events"},
        ),
        migrations.RunSQL(
            sql=f"ALTER TABLE viewing_outboxevent SET ({', '.join(f'{k} = {v}' for k, v in AUTOVACUUM.items())})",
            reverse_sql=f"ALTER TABLE viewing_outboxevent RESET ({', '.join(AUTOVACUUM)})",
        ),
    ]
