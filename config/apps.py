"""What the project sets up once all apps are loaded."""

from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "config"
    verbose_name = "Service"

    def ready(self) -> None:
        from config import checks  # noqa: F401, PLC0415 — registers them
        from perfmetrics import accuracy  # noqa: PLC0415
        from viewing.reports import reconcile  # noqa: PLC0415

        accuracy.register(reconcile.last_check)
