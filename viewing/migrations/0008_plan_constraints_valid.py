"""Reads the settings once, without a lock that anyone waits for."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

NAMES = ("config_plan_version_valid", "config_day_limits_valid", "config_plan_object", "config_lock_ordered")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0007_plan_columns")]

    operations = [ValidateConstraint("viewingtimeconfig", name) for name in NAMES]
