from django.apps import AppConfig


class ViewingConfig(AppConfig):
    name = "viewing"
    verbose_name = "Viewing time"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from perfmetrics.counting import metrics
        from viewing import checks
        from viewing.heartbeats import beats

        metrics.register_outcomes(answered=beats.ANSWERED, refused=beats.REFUSED, counted_as=beats.COUNTED_AS)
