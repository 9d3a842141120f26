"""The example for nginx (docs/nginx.conf), in front of a real worker."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import httpx
import pytest

from tests import processes
from tests.families import make_child, make_gateway
from tests.production import PRODUCTION
from tests.races import until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: apt install nginx-light)"),
]

NAME = "sandglass.example"
WHOLE = """
{user}
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    include {folder}/sandglass.conf;
}}
"""


def make_certificate(folder):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={NAME}"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def nginx(folder, upstream):
    """The example with ports and a certificate of the test's own; nothing else in it is changed."""
    make_certificate(folder)
    plain, secure = processes.free_port(), processes.free_port()
    text = (processes.PROJECT / "docs/nginx.conf").read_text()
    for before, after in {
        "127.0.0.1:8000": upstream.removeprefix("http://"),
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
        "/etc/ssl/sandglass.pem": str(folder / "cert.pem"),
        "/etc/ssl/sandglass.key": str(folder / "key.pem"),
    }.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (folder / "sandglass.conf").write_text(text)
    (folder / "nginx.conf").write_text(
        # As root it would become another user, who may not write into the folder.
        WHOLE.format(folder=folder, user="user root;" if os.geteuid() == 0 else "")
    )
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE)
    try:
        until(lambda: process.poll() is not None or (folder / "pid").exists())
        assert process.poll() is None, process.stderr.read().decode()
        yield f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}"
    finally:
        process.terminate()
        process.wait(30)
        process.stderr.close()


@pytest.fixture(scope="module")
def proxied(committed, real_time, tmp_path_factory):
    settings = {**PRODUCTION, "DJANGO_SETTINGS_MODULE": "tests.uncollected"}
    folder = tmp_path_factory.mktemp("nginx")
    with (
        processes.service(folder / "log", **settings) as running,
        nginx(folder, running.url) as (plain, secure),
        httpx.Client(base_url=secure, verify=False, timeout=60, headers={"Host": NAME}) as http,
    ):
        yield plain, http


def test_pages_are_secure(proxied):
    _, http = proxied

    answer = http.get("/login")

    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert "Secure" in answer.headers["set-cookie"]


def test_plain_http_is_redirected_with_its_method(proxied):
    plain, _ = proxied

    answer = httpx.post(f"{plain}/api/v1/auth/login?a=b", headers={"Host": NAME})

    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{NAME}/api/v1/auth/login?a=b")


def test_a_player_watches(proxied):
    _, http = proxied
    child = make_child()

    child.watch(http, 3)

    assert child.balance().used_seconds == 90


def test_what_a_client_says_of_its_own_connection_is_overwritten(proxied):
    _, http = proxied

    answer = http.get("/login", headers={"X-Forwarded-Proto": "http", "X-Forwarded-For": "203.0.113.9"})

    assert answer.status_code == 200  # else it would be redirected to HTTPS


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
def test_probes_and_figures_are_not_for_the_public(proxied, path):
    _, http = proxied

    assert http.get(path).status_code == 404


def test_bodies_are_bounded_and_only_a_gateways_may_be_large(proxied):
    _, http = proxied
    child, gateway = make_child(), make_gateway()
    bulk = {"heartbeats": [child.body()], "padding": "x" * 300_000}

    assert http.post("/api/v1/auth/login", content=b" " * 70_000).status_code == 413
    assert http.post("/api/v1/viewing-time/heartbeats", json=bulk).status_code == 401
    assert http.post("/api/v1/viewing-time/heartbeats", json=bulk, headers=gateway.headers).status_code == 200


def test_other_hosts_are_refused(proxied):
    _, http = proxied

    assert http.get("/login", headers={"Host": "other.example"}).status_code == 400
