"""What `manage.py reconcile` found, for the Performance page."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReconcileRun(models.Model):
    """One comparison of a viewing day's balances with its sessions (`manage.py reconcile`)."""

    ran_at = models.DateTimeField(_("ran at"))
    day = models.DateField(_("viewing day"))
    profiles_checked = models.PositiveBigIntegerField(_("profiles"))
    sessions_checked = models.PositiveBigIntegerField(_("sessions"))
    differing_profiles = models.PositiveBigIntegerField(_("differing profiles"))
    difference_seconds = models.PositiveBigIntegerField(_("difference (s)"))
    duration_ms = models.FloatField(_("duration"), help_text=_("Milliseconds."))

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        # Its table was made by perfmetrics, which had the model before.
        db_table = "perfmetrics_reconcilerun"
        # The Performance page shows the last run.
        indexes = [models.Index(fields=["ran_at"], name="reconcile_run_ran_at_idx")]

    def __str__(self) -> str:
        return f"{self.day}: {self.difference_seconds} s"
