"""`manage.py demo`, which `make demo` runs: everything from nothing, and nothing left behind."""

import os
import socket
import subprocess
import sys

from tests import processes


def demo(tmp_path, **variables):
    """Run the demo on an embedded database of its own; what it printed and its exit code."""
    environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "SECRET_KEY")}
    environment |= {"DEBUG": "true", "DEMO_EXIT": "true", "SANDGLASS_VAR": str(tmp_path), **variables}
    done = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=processes.PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout, done.returncode


def test_the_demo_runs_from_nothing_and_its_players_find_every_second(tmp_path):
    printed, exit_code = demo(tmp_path, PORT=str(processes.free_port()), PLAYERS="10", SPEED="1200")

    assert exit_code == 0, printed
    assert "parent@example.com" in printed
    assert "sandglass-demo" in printed
    assert "0 seconds lost, 0 counted twice" in printed


def test_a_taken_port_is_told_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        printed, exit_code = demo(tmp_path, PORT=str(taken.getsockname()[1]), PLAYERS="0")

    assert exit_code != 0
    assert "make demo" in printed
    assert "PORT=" in printed
