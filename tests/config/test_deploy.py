"""Production settings: static files, HTTPS behind a proxy, a secret key that changes, the container's files."""

import re

import httpx
import pytest
from django.core.management import call_command

from parental.tokens import signed
from tests import processes
from tests.families import make_child
from tests.production import PRODUCTION

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def production(committed, real_time, tmp_path_factory):
    """One worker as deployed behind a proxy that ends TLS, with its static files collected."""
    with processes.service(tmp_path_factory.mktemp("production") / "log", **PRODUCTION) as running:
        yield running


def test_pages_are_redirected_to_https_unless_the_proxy_says_it_was(production):
    host = {"Host": "sandglass.example"}

    plain = httpx.get(f"{production.url}/admin/login/", headers=host)
    behind_tls = httpx.get(f"{production.url}/admin/login/", headers={**host, "X-Forwarded-Proto": "https"})

    assert (plain.status_code, plain.headers["location"]) == (301, "https://sandglass.example/admin/login/")
    assert behind_tls.headers["strict-transport-security"].startswith("max-age=31536000")


def test_probes_and_players_need_no_listed_host(production):
    child = make_child()

    assert httpx.get(f"{production.url}/health/ready").status_code == 200
    with httpx.Client(base_url=production.url, headers={"X-Forwarded-Proto": "https"}) as http:
        assert child.beat(http).status_code == 200


def test_other_hosts_are_refused(production):
    answer = httpx.get(f"{production.url}/api/v1/docs", headers={"Host": "other.example", "X-Forwarded-Proto": "https"})

    assert (answer.status_code, answer.json()) == (400, {"detail": "Bad Request", "code": "bad_request"})


def test_tokens_of_a_key_that_is_a_fallback_now_still_count(settings):
    import uuid

    ids = uuid.uuid4(), uuid.uuid4()
    settings.SECRET_KEY = "the old key, long enough for what it signs"
    signed._signer.cache_clear()
    token = signed.sign(signed.ACCESS, *ids)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key", [settings.SECRET_KEY]
    signed._signer.cache_clear()
    assert signed.read(signed.ACCESS, token, seconds=60) == ids

    settings.SECRET_KEY_FALLBACKS = []
    signed._signer.cache_clear()
    assert signed.read(signed.ACCESS, token, seconds=60) is None
    signed._signer.cache_clear()


def test_collected_static_files_are_named_by_content_and_compressed(committed, tmp_path, settings):
    """WhiteNoise, with what `collectstatic` makes of the admin's files."""
    root = tmp_path / "static"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            settings.STORAGES, "staticfiles", {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
        )
        settings.STATIC_ROOT = root
        call_command("collectstatic", interactive=False, verbosity=0)

    css = next(path for path in (root / "admin/css").glob("base.*.css"))
    assert re.fullmatch(r"base\.[0-9a-f]{12}\.css", css.name)
    assert css.with_name(f"{css.name}.gz").exists()


def test_the_image_has_what_it_runs():
    """No engine runs here: the files that the Dockerfile copies are there, and .dockerignore lets them in."""
    project = processes.PROJECT
    copied = [
        line.split()[1:-1]
        for line in (project / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY") and "--from" not in line
    ]
    let_in = {line[1:] for line in (project / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert {name for names in copied for name in names} == let_in
    assert all((project / name).exists() for name in let_in)
