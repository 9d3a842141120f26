from django.apps import AppConfig


class PerfmetricsConfig(AppConfig):
    name = "perfmetrics"
    verbose_name = "Performance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from perfmetrics import checks  # noqa: F401, PLC0415 — registers them
