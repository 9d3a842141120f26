from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parental", "0005_audit_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="tokenfamily",
            name="client",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=100, verbose_name="browser or app"
            ),
        ),
        migrations.AddField(
            model_name="tokenfamily",
            name="last_used_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last used"),
        ),
        migrations.AddField(
            model_name="tokenfamily",
            name="session_key",
            field=models.CharField(blank=True, editable=False, max_length=40, null=True),
        ),
    ]
