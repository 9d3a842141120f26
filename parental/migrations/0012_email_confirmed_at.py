from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parental", "0011_limiter_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_confirmed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="address confirmed"),
        ),
    ]
