from django.apps import AppConfig


class PerfmetricsConfig(AppConfig):
    name = "perfmetrics"
    verbose_name = "Performance"
    default_auto_field = "django.db.models.BigAutoField"
