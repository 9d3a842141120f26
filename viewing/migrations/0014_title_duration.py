"""How long a title is, so that one that has begun may be watched to its end."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

import viewing.models
from viewing.brief_locks import WithBriefLocks


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0013_wants_limit_reached")]

    operations = [
        WithBriefLocks(
            [
                migrations.AddField("title", "duration_seconds", viewing.models.duration_field()),
                AddConstraintNotValid(
                    "title",
                    models.CheckConstraint(
                        condition=models.Q(duration_seconds__isnull=True)
                        | models.Q(duration_seconds__gte=1, duration_seconds__lte=86400),
                        name="title_duration_valid",
                    ),
                ),
            ]
        ),
        ValidateConstraint("title", "title_duration_valid"),
    ]
