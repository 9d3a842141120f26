from django.apps import AppConfig


class ViewingConfig(AppConfig):
    name = "viewing"
    verbose_name = "Viewing time"
    default_auto_field = "django.db.models.BigAutoField"
