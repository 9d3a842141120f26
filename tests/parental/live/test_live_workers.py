"""Live events of real processes: sent by every worker, and ended when the service stops."""

import pytest

from tests import processes
from tests.parental.asked import make_asking_home
from tests.parental.live.reader import Reader

EVENTS = "/api/v1/viewing-time/events"

pytestmark = pytest.mark.slow


def test_streams_of_every_worker_hear_of_a_grant_and_end_with_the_service(committed, real_time, tmp_path, http):
    """The grant is made in the test's own process, so that every stream is in another one."""
    home = make_asking_home()
    log = tmp_path / "log"
    options = {"workers": 2, "DJANGO_SETTINGS_MODULE": "tests.service_settings"}
    with processes.service(log, **options) as running:
        urls = [f"{running.url}{EVENTS}/{home.child.profile.id}", f"{running.url}{EVENTS}"]
        readers = [
            Reader(url, who.headers) for url, who in zip(urls, (home.child, home.parent), strict=True) for _ in range(3)
        ]
        for reader in readers:
            reader.wait_for("state")

        home.grant(http, 15)

        for reader in readers:
            assert reader.wait_for("grant").data["balance"]["remaining_minutes"] == 15
    # It was asked to stop, and stopped without being killed.
    for reader in readers:
        assert reader.wait_for("bye").data == {"reason": "restart"}
        reader.wait_for_the_end()
        reader.close()
    text = log.read_text(encoding="utf-8")
    assert not [word for word in ("CancelledError", "graceful shutdown exceeded", "Traceback") if word in text]
