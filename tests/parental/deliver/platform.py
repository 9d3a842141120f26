"""A platform that receives webhooks, and the deliverers that send them: processes of their own."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from parental.deliver import endpoints
from parental.deliver.models import Delivery, WebhookEndpoint
from tests import processes
from tests.races import until
from viewing.models import OutboxEvent, SiteSettings
from viewing.outbox.outbox import Subject, happened


@dataclass
class Platform:
    """Its receiver runs while the `platform` block does."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def start_again(self) -> None:
        """At the same address, after it was killed."""
        self.process = _start(self.folder)

    def endpoint(self, name: str, *, query: str = "", types: tuple[str, ...] = ()) -> WebhookEndpoint:
        """An endpoint that leads to this receiver; `query` says how that answers."""
        endpoint = WebhookEndpoint(
            name=name, url=f"http://127.0.0.1:{self.port}/{name}{query and '?' + query}", types=list(types)
        )
        secret = endpoints.give_secret(endpoint)
        endpoint.save()
        self.trust(name, secret)
        return endpoint

    def trust(self, name: str, secret: str) -> None:
        path = self.folder / "secrets.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        new = self.folder / "secrets.new"
        new.write_text(json.dumps({**known, f"/{name}": secret}))
        new.rename(path)

    def received(self, name: str) -> list[dict[str, Any]]:
        """What came to an endpoint, in order."""
        path = self.folder / "received"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if line["path"] == f"/{name}"]

    def has_answered(self) -> bool:
        return (self.folder / "answered").exists()


def _start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(Path(__file__).with_name("receiver.py")), str(folder)])


@contextmanager
def platform(folder: Path) -> Iterator[Platform]:
    found = Platform(folder, _start(folder))
    try:
        until(lambda: (folder / "port").exists() or found.process.poll() is not None)
        assert found.process.poll() is None
        yield found
    finally:
        found.process.kill()
        found.process.wait()


@contextmanager
def deliverer(log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py deliver`, stopped at the end of the block unless it was killed."""
    variables = {
        "DATABASE_URL": processes.database_url(),
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "DELIVERIES_PER_SECOND": "500",
        "LOG_LEVEL": "DEBUG",
        **environment,
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "deliver"],
            cwd=processes.PROJECT,
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(30) == 0, log.read_text()[-3000:]
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def clear() -> None:
    """No endpoint, no delivery and no event of an earlier test."""
    OutboxEvent.objects.all().delete()
    Delivery.objects.all().delete()
    WebhookEndpoint.objects.all().delete()
    endpoints.note_wishes()
    SiteSettings.objects.all().delete()


def make_events(count: int, *, event_type: str = "profile.created") -> list[Subject]:
    """So many events of families that nobody else knows."""
    subjects = [Subject(uuid.uuid4(), uuid.uuid4()) for _ in range(count)]
    actor = {"kind": "system", "id": None}
    with transaction.atomic():
        for subject in subjects:
            happened(event_type, subject, data={"is_kids": True}, actor=actor, now=timezone.now())
    return subjects
