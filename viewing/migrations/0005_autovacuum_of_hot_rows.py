"""The hot tables are vacuumed and analysed by the number of rows that change, not at a fifth of the whole table.

By default a table of ten million sessions gathers two million dead rows before autovacuum looks at it. Takes a lock that
blocks neither reads nor writes.
"""

from django.db import migrations

SETTINGS = {
    # Dead rows beyond what pages clean up by themselves (HOT): ended sessions leave the index of active ones.
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_threshold": 1000,
    # Every day's rows are new: they are marked visible early, so that reports need not look at each row again.
    "autovacuum_vacuum_insert_scale_factor": 0.05,
    # The newest days are the ones asked for, and the planner knows of them from the last analysis only.
    "autovacuum_analyze_scale_factor": 0.02,
}


def set_autovacuum(table: str) -> migrations.RunSQL:
    values = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    return migrations.RunSQL(
        sql=f"ALTER TABLE {table} SET ({values})", reverse_sql=f"ALTER TABLE {table} RESET ({', '.join(SETTINGS)})"
    )


class Migration(migrations.Migration):
    dependencies = [("viewing", "0004_gateway_tokens")]

    operations = [set_autovacuum("viewing_viewingsession"), set_autovacuum("viewing_viewingtimebalance")]
