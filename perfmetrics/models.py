"""What is kept of the figures across restarts."""

from django.db import models
from django.db.models import JSONField, Value
from django.utils.translation import gettext_lazy as _


class MinuteFigures(models.Model):
    """What the workers of one host did in one minute; written once it is over (`perfmetrics/reading/recorder.py`)."""

    minute = models.DateTimeField(_("minute"), help_text=_("Start of the minute."))
    host = models.CharField(_("host"), max_length=255)
    workers = models.PositiveIntegerField(_("workers"))
    figures = models.JSONField(
        _("figures"),
        db_default=Value({}, JSONField()),
        help_text=_("Values by name, as perfmetrics/reading/registry.py lists them; times in milliseconds."),
    )

    # Until the version before this one is gone: see perfmetrics/reading/old_columns.py.
    heartbeats = models.PositiveBigIntegerField(_("heartbeats"), db_default=0)
    failures = models.PositiveBigIntegerField(
        _("failures"), help_text=_("Heartbeats that failed closed."), db_default=0
    )
    statements = models.PositiveBigIntegerField(
        _("statements"), help_text=_("Database statements of heartbeats."), db_default=0
    )
    batches = models.PositiveBigIntegerField(_("batches"), db_default=0)
    p50_ms = models.FloatField(_("p50"), null=True)
    p95_ms = models.FloatField(_("p95"), null=True)
    p99_ms = models.FloatField(_("p99"), null=True)
    longest_queue = models.PositiveBigIntegerField(_("longest queue"), db_default=0)
    refused_busy = models.PositiveBigIntegerField(_("refused as busy"), db_default=0)
    cache_hits = models.PositiveBigIntegerField(_("cache hits"), db_default=0)
    cache_misses = models.PositiveBigIntegerField(_("cache misses"), db_default=0)
    config_fetches = models.FloatField(
        _("reads per profile"), null=True, help_text=_("Database reads per cached profile within one TTL.")
    )
    pin_checks = models.PositiveBigIntegerField(_("PIN checks"), db_default=0)
    pin_checks_wrong = models.PositiveBigIntegerField(_("wrong PINs"), db_default=0)
    slow_requests = models.PositiveBigIntegerField(_("slow requests"), db_default=0)

    class Meta:
        verbose_name = _("minute")
        verbose_name_plural = _("performance")
        constraints = [
            # Of all workers of a host the first to write a minute wins. Its index also serves the page, which reads all
            # minutes since some time, and the pruning.
            models.UniqueConstraint(fields=["minute", "host"], name="minute_figures_minute_host_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.host}"
