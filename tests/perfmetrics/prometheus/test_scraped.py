"""A real Prometheus scrapes a real worker: its alerts fire while a fault lasts, and the dashboard's queries run."""

import json
import re
import shutil
import subprocess
import time
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client import REGISTRY

from tests import processes
from tests.families import make_child
from tests.races import until
from tests.relay import Relay

PROMETHEUS = shutil.which("prometheus")
RULES = processes.PROJECT / "docs" / "prometheus" / "rules.yml"
DASHBOARD = processes.PROJECT / "docs" / "prometheus" / "dashboard.json"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is not installed (Debian: apt install prometheus)"),
]
CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms}}
rule_files: [{rules}]
scrape_configs:
  - job_name: sandglass
    static_configs: [{{targets: ["{target}"]}}]
"""


@contextmanager
def prometheus(folder, service):
    """Prometheus with the rules as they are, but seconds in them instead of minutes."""
    rules = re.sub(r"\[(\d+)m\]", r"[\1s]", RULES.read_text())
    (folder / "rules.yml").write_text(re.sub(r"for: \d+m", "for: 1s", rules))
    config = CONFIG.format(rules=folder / "rules.yml", target=service.url.removeprefix("http://"))
    (folder / "prometheus.yml").write_text(config)
    address = f"127.0.0.1:{processes.free_port()}"
    command = [PROMETHEUS, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=30) as http:
            until(lambda: _is_ready(http))
            yield http
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(http):
    try:
        return http.get("/-/ready").status_code == 200
    except httpx.TransportError:
        time.sleep(0.1)
        return False


def firing(http):
    time.sleep(0.2)
    alerts = http.get("/api/v1/alerts").json()["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def queries():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"].replace("$host", ".*") for panel in panels for target in panel["targets"]]


def test_a_fault_is_alerted_and_ends_and_the_dashboard_is_answered(committed, real_time, tmp_path):
    with Relay() as relay, processes.service(tmp_path / "log", DATABASE_URL=relay.url) as service:
        child = make_child()
        with httpx.Client(base_url=service.url, timeout=30) as players, prometheus(tmp_path, service) as http:
            assert child.beat(players).json()["enforcement"] == "allowed"
            assert players.get("/api/v1/catalog/titles").status_code == 401
            until(lambda: http.get("/api/v1/query", params={"query": "sandglass_workers"}).json()["data"]["result"])
            assert not firing(http) & {"SandglassDown", "SandglassHeartbeatsUnavailable"}

            relay.cut()

            def is_alerted():
                assert child.beat(players).json()["reason"] == "unavailable"
                return "SandglassHeartbeatsUnavailable" in firing(http)

            until(is_alerted)
            relay.open()
            until(lambda: child.beat(players).json()["enforcement"] == "allowed")
            until(lambda: "SandglassHeartbeatsUnavailable" not in firing(http))

            declared = REGISTRY._names_to_collectors.keys()
            for query in queries():
                answer = http.get("/api/v1/query", params={"query": query}).json()
                assert answer["status"] == "success", (query, answer)
                assert set(re.findall(r"sandglass_\w+", query)) <= declared, query

            service.stop()
            until(lambda: "SandglassDown" in firing(http))
