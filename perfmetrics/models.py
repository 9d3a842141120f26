"""What is kept of the figures across restarts."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MinuteFigures(models.Model):
    """What the workers of one host did in one minute; written once it is over (`perfmetrics/reading/recorder.py`).

    Times are milliseconds, of heartbeats that were answered within the minute; null where there were none.
    """

    minute = models.DateTimeField(_("minute"), help_text=_("Its beginning."))
    host = models.CharField(_("host"), max_length=255)
    workers = models.PositiveIntegerField(_("workers"))
    heartbeats = models.PositiveBigIntegerField(_("heartbeats"))
    failures = models.PositiveBigIntegerField(_("failures"), help_text=_("Heartbeats that failed closed."))
    statements = models.PositiveBigIntegerField(_("statements"), help_text=_("Database statements of heartbeats."))
    batches = models.PositiveBigIntegerField(_("batches"))
    p50_ms = models.FloatField(_("p50"), null=True)
    p95_ms = models.FloatField(_("p95"), null=True)
    p99_ms = models.FloatField(_("p99"), null=True)
    longest_queue = models.PositiveBigIntegerField(_("longest queue"))
    refused_busy = models.PositiveBigIntegerField(_("refused as busy"))
    cache_hits = models.PositiveBigIntegerField(_("cache hits"))
    cache_misses = models.PositiveBigIntegerField(_("cache misses"))
    config_fetches = models.FloatField(
        _("fetches a profile"), null=True, help_text=_("How often a kept profile was read within one lifetime.")
    )
    pin_checks = models.PositiveBigIntegerField(_("PIN checks"))
    pin_checks_wrong = models.PositiveBigIntegerField(_("wrong PINs"))
    slow_requests = models.PositiveBigIntegerField(_("slow requests"))

    class Meta:
        verbose_name = _("minute")
        verbose_name_plural = _("performance")
        constraints = [
            # Of all workers of a host the first to write a minute wins. It also serves the page, which reads from an
            # instant on, and the pruning.
            models.UniqueConstraint(fields=["minute", "host"], name="minute_figures_minute_host_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.host}"
