"""What the Performance page plots, and up to which value each figure is fine."""

from typing import Final

from django.utils.translation import gettext_lazy

from perfmetrics.page.plots import Spec, number, percent

P95_LIMIT_MS: Final = 200.0
# A minute's readings are up to a second off.
FETCHES_LIMIT: Final = 1.1

SPECS: Final = (
    Spec("heartbeats", gettext_lazy("Heartbeats per second"), [("heartbeats", "")], text=number),
    Spec(
        "latency",
        gettext_lazy("Latency, ms"),
        [("p50", "p50"), ("p95", "p95"), ("p99", "p99")],
        limit=P95_LIMIT_MS,
        limited="p95",
        text=number,
    ),
    Spec("statements", gettext_lazy("Statements per heartbeat"), [("statements", "")], least=0.1, text=number),
    Spec("hit_rate", gettext_lazy("Config cache hits"), [("hit_rate", "")], top=1, text=percent),
    Spec("queue", gettext_lazy("Longest worker queue"), [("queue", "")], text=number),
    Spec("pin_checks", gettext_lazy("PIN checks per second"), [("pin_checks", "")], least=0.1, text=number),
    Spec(
        "failures",
        gettext_lazy("Failures and refusals"),
        [("failures", gettext_lazy("failures")), ("refused_busy", gettext_lazy("busy"))],
        limit=0,
        text=number,
    ),
    Spec(
        "config_fetches",
        gettext_lazy("Config reads per profile per TTL"),
        [("config_fetches", "")],
        limit=FETCHES_LIMIT,
        text=number,
    ),
)
LIVE_SPECS: Final = SPECS[:-1]
