"""What the project sets up once all apps are loaded."""

from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "config"
    verbose_name = "Service"

    def ready(self) -> None:
        from config import checks, plans
        from config.postgres import timestamps
        from perfmetrics import accuracy
        from viewing.reports import reconcile

        timestamps.register()
        accuracy.register(reconcile.last_check)
        plans.install()
