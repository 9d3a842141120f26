"""The alerts of docs/prometheus/rules.yml: each fires while its fault lasts, and then ends; checked by promtool."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from tests.processes import PROJECT

RULES = PROJECT / "docs" / "prometheus" / "rules.yml"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: apt install prometheus)"
)

# Of each alert: the series, one value a minute, of a fault that begins after an hour and lasts for one; when the alert
# is to be looked at, in minutes after the fault began; and by when it has ended, in minutes after the fault ended.
BEATS = 'sandglass_heartbeats_total{outcome="counted"}'
BUCKET = "sandglass_heartbeat_duration_seconds_bucket"


def counter(before, during, after):
    """Increases per minute, in the hour before the fault, during it, and in the hours after it."""
    return f"0+{before}x60 {before * 60 + during}+{during}x59 {(before + during) * 60 + after}+{after}x300"


def gauge(before, during, after):
    return f"{before}+0x60 {during}+0x59 {after}+0x300"


def slow_half():
    """Half of the heartbeats take between 0.5 and 1 second during the fault, and none before and after."""
    return {f'{BUCKET}{{le="0.1"}}': counter(100, 50, 100)} | {
        f'{BUCKET}{{le="{le}"}}': counter(100, 100, 100) if float(le) >= 1 else counter(100, 50, 100)
        for le in ("0.5", "1.0", "+Inf")
    }


FAULTS = {
    "SandglassDown": ({'up{job="sandglass"}': gauge(1, 0, 1)}, 5, 5),
    "SandglassHeartbeatsUnavailable": (
        {'sandglass_heartbeats_total{outcome="unavailable"}': counter(0, 60, 0)},
        10,
        10,
    ),
    "SandglassHeartbeatsRefusedBusy": ({'sandglass_heartbeats_total{outcome="queue_full"}': counter(0, 60, 0)}, 10, 10),
    "SandglassHeartbeatsSlow": (slow_half(), 20, 10),
    "SandglassHeartbeatsVerySlow": (slow_half(), 20, 10),
    "SandglassQueueFilling": (
        {
            "sandglass_heartbeat_queue_peak": gauge(3, 600, 3),
            "sandglass_heartbeat_queue_limit": gauge(1000, 1000, 1000),
        },
        5,
        5,
    ),
    "SandglassTooManyStatements": (
        {'sandglass_heartbeat_statements_total{statement="continue"}': counter(2, 1000, 2), BEATS: counter(60, 60, 60)},
        59,
        120,
    ),
    "SandglassCacheTooSmall": ({'sandglass_cache_overflows_total{cache="profiles"}': counter(0, 60, 0)}, 20, 10),
    "SandglassFailures": ({"sandglass_failures_total": counter(0, 1, 0)}, 5, 10),
    "SandglassPoolExhausted": ({"sandglass_pool_waiting": gauge(0, 3, 0)}, 5, 5),
    "SandglassWorkersMissing": ({"sandglass_workers": gauge(4, 3, 4)}, 10, 5),
    "SandglassRestarts": ({"sandglass_process_start_time_seconds": "0+0x60 1+1x59 60+0x300"}, 10, 120),
    "SandglassPinGuessing": ({'sandglass_pin_checks_total{outcome="wrong"}': counter(1, 120, 1)}, 40, 20),
    "SandglassConnectionsEnded": (
        {'sandglass_connections_ended_total{reason="source_limit"}': counter(1, 120, 1)},
        40,
        20,
    ),
    "SandglassDeliveriesLate": ({"sandglass_delivery_oldest_seconds": gauge(2, 400, 2)}, 10, 5),
    "SandglassEndpointDisabled": ({"sandglass_endpoints_disabled": gauge(0, 1, 0)}, 5, 5),
}


def rules():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]


def firing(alert, minutes, *, is_firing):
    return {
        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
        "eval_time": f"{minutes}m",
        "exp_samples": [{"labels": "{}", "value": 1 if is_firing else 0}],
    }


def run_promtool(folder, tests):
    """`tests`: series with what is expected of them."""
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": expected,
        }
        for series, expected in tests
    ]
    path = folder / "tests.yml"  # JSON is YAML
    path.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    ended = subprocess.run([PROMTOOL, "test", "rules", path], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_alert_has_its_fault_here():
    assert {rule["alert"] for rule in rules()} == FAULTS.keys() | {"SandglassBlocksVanished"}
    assert len(rules()) > 15


def test_every_alert_says_what_to_read():
    for rule in rules():
        path, _, anchor = rule["annotations"]["chapter"].partition("#")
        titles = re.findall(r"^#+ (.+)$", (PROJECT / path).read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "warn"}


@needs_promtool
def test_each_fires_while_its_fault_lasts_and_then_ends(tmp_path):
    tests = [
        (
            series,
            [
                firing(alert, 59, is_firing=False),
                firing(alert, 60 + after, is_firing=True),
                firing(alert, 120 + ends, is_firing=False),
            ],
        )
        for alert, (series, after, ends) in FAULTS.items()
    ]

    run_promtool(tmp_path, tests)


@needs_promtool
def test_blocks_that_vanish_are_noticed_where_there_were_some_the_day_before(tmp_path):
    day = 24 * 60
    series = {
        BEATS: f"0+100x{2 * day}",
        # Two a minute, until three hours before the second day ends; and again for its last hour.
        'sandglass_heartbeats_blocked_total{reason="limit_reached"}': (
            f"0+2x{2 * day - 180} {2 * (2 * day - 180)}+0x120 {2 * (2 * day - 180) + 2}+2x57"
        ),
    }
    alert = "SandglassBlocksVanished"
    noticed = [
        firing(alert, 2 * day - 181, is_firing=False),
        firing(alert, 2 * day - 70, is_firing=True),
        firing(alert, 2 * day - 10, is_firing=False),
    ]
    nobody_watches = series | {BEATS: f"0+0x{2 * day}"}

    run_promtool(tmp_path, [(series, noticed), (nobody_watches, [firing(alert, 2 * day - 70, is_firing=False)])])
