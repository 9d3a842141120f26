"""`manage.py demo`, which `make demo` runs: everything from nothing, and nothing left behind."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import make_password

from parental.demo.families.families import PASSWORD
from parental.demo.families.public import refuse_public_passwords
from parental.demo.server import check_host
from parental.models import User
from tests import processes

pytestmark = pytest.mark.slow


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


def test_a_taken_port_is_reported_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        variables = {"PORT": str(taken.getsockname()[1]), "DATABASE_URL": "postgresql:///never-connected"}
        printed, exit_code = demo(tmp_path, **variables)

    assert exit_code != 0
    assert "make demo" in printed
    assert "PORT=" in printed


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "sandglass.example"])
def test_the_demo_binds_to_this_machine_only(tmp_path, host):
    printed, exit_code = demo(tmp_path, BIND=host, PLAYERS="0")

    assert exit_code != 0
    assert f"Refusing to bind the demo to {host}" in printed


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_names_of_this_machine_are_taken(host):
    check_host(host)


class TestPublicPasswords:
    @pytest.fixture
    def account(self, committed, real_time, quick_hashes):
        user = User.objects.create_user("staff@example.com", PASSWORD, is_staff=True)
        yield user
        user.delete()

    def test_the_server_refuses_to_start_with_one(self, account, tmp_path):
        with pytest.raises(AssertionError), processes.service(tmp_path / "log"):
            pass  # pragma: no cover

        log = (tmp_path / "log").read_text()
        assert "Refusing to start: DEBUG is off, and accounts of the demo have its public password: staff (at" in log

    def test_neither_a_changed_password_nor_a_deactivated_account_keeps_it_from_starting(self, account):
        with pytest.raises(RuntimeError, match="password: staff"):
            in_a_thread(refuse_public_passwords)

        User.objects.filter(pk=account.pk).update(is_active=False)
        in_a_thread(refuse_public_passwords)

        User.objects.filter(pk=account.pk).update(is_active=True, password=make_password("another password"))
        in_a_thread(refuse_public_passwords)


def in_a_thread(function):
    """It closes its connection."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(function).result()
