"""The example client of docs/platform.md, against the demo."""

import os
import re
import signal
import subprocess
import sys

import pytest

from tests import processes

pytestmark = pytest.mark.slow

CLIENT = processes.PROJECT / "docs" / "examples" / "platform_client.py"


def run_client(url, token):
    # Isolated: nothing but the standard library.
    command = [sys.executable, "-I", "-S", str(CLIENT), url, token]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_example_client_walks_the_guide(real_time, tmp_path):
    port = processes.free_port()
    environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "SECRET_KEY")}
    environment |= {"DEBUG": "true", "SANDGLASS_VAR": str(tmp_path), "PORT": str(port), "PLAYERS": "0"}
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=processes.PROJECT,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed = ""
        while "until Ctrl-C" not in printed:
            line = demo.stdout.readline()
            assert line, printed
            printed += line
        token = re.search(r"Service +(sgs_\S+)", printed)[1]

        first, again, wrong = (run_client(f"http://127.0.0.1:{port}", each) for each in (token, token, "sgs_wrong"))
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)

    assert first.returncode == 0, first.stdout + first.stderr
    assert "Titles    2 made, 0 changed, 0 unchanged" in first.stdout
    assert first.stdout.count("Heartbeat allowed") == 3
    assert "1.5 minutes used; the unknown profile has status 404" in first.stdout
    assert "Retired   1 title" in first.stdout
    assert "Explain   May play; lock, hours, day" in first.stdout
    assert "Erased    from " in first.stdout
    assert "Restored  2 profiles" in first.stdout
    assert again.returncode == 0, again.stderr
    assert "Titles    0 made, 1 changed, 1 unchanged" in again.stdout
    assert wrong.returncode == 1
    assert "unauthenticated" in wrong.stderr
