from django.apps import AppConfig


class ParentalConfig(AppConfig):
    name = "parental"
    verbose_name = "Accounts and parental control"
    default_auto_field = "django.db.models.BigAutoField"
