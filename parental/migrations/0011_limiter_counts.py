from django.db import migrations, models


class Migration(migrations.Migration):
    """The count of password tries becomes the limiter's. Table and columns keep their names; only the index is new."""

    dependencies = [
        ("parental", "0010_grants_open_hours"),
    ]

    operations = [
        migrations.AlterModelTable(name="passwordtries", table="parental_passwordtries"),
        migrations.RenameModel(old_name="PasswordTries", new_name="LimiterCount"),
        migrations.AlterModelOptions(
            name="limitercount",
            options={"verbose_name": "count of tries", "verbose_name_plural": "counts of tries"},
        ),
        migrations.AlterField(
            model_name="limitercount",
            name="email_hash",
            field=models.BinaryField(db_column="email_hash", max_length=32, primary_key=True, serialize=False),
        ),
        migrations.RenameField(model_name="limitercount", old_name="email_hash", new_name="key"),
        migrations.AlterField(
            model_name="limitercount",
            name="tries",
            field=models.PositiveSmallIntegerField(db_column="tries", default=0),
        ),
        migrations.RenameField(model_name="limitercount", old_name="tries", new_name="count"),
        migrations.AddIndex(
            model_name="limitercount",
            index=models.Index(fields=["window_ends_at"], name="limiter_window_ends_idx"),
        ),
    ]
