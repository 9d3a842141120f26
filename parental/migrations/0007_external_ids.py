"""Accounts without an address, and the platform's own ids of accounts: no row is rewritten."""

from django.db import migrations, models

import viewing.fields
from viewing.brief_locks import WithBriefLocks


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("parental", "0006_logins")]

    operations = [
        WithBriefLocks(
            [
                migrations.AlterField(
                    model_name="user",
                    name="email",
                    field=models.EmailField(
                        blank=True, max_length=254, null=True, unique=True, verbose_name="email address"
                    ),
                ),
                migrations.AddField(model_name="user", name="external_id", field=viewing.fields.external_id_field()),
            ]
        ),
        # Only when it is taken back, before the column refuses nulls again.
        migrations.RunSQL(
            sql=migrations.RunSQL.noop,
            reverse_sql="UPDATE parental_user SET email = id || '@without-address.invalid' WHERE email IS NULL",
        ),
    ]
