"""Parents on the pages, let in by the platform's own login. The issuer is a process of its own."""

import time
import uuid
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session

from parental.limiter import rules
from parental.limiter.limiter import Limit
from parental.models import AuditEntry, User
from parental.oidc import attempts, client
from parental.oidc import keys as issuer_keys
from tests.families import make_user
from tests.issuer import CLIENT_ID, issuer
from tests.parental.cast import PASSWORD
from tests.parental.oidc.page_logins import (
    CLOSED,
    begin,
    is_logged_in,
    link_of,
    log_in,
    make_parent,
    refused,
    return_from,
    trust,
)  # fmt: skip
from tests.parental.pages.visitors import text_of
from tests.statements import statements


@pytest.fixture
def provider(server, shared, settings, monkeypatch):
    trust(shared, settings, monkeypatch)
    shared.set_login_time(0)
    return shared


@pytest.fixture
def parent(server):
    return make_parent()


def test_a_parent_logs_in(provider, parent, browse):
    visitor = browse()
    assert "Continue with Streamly" in text_of(visitor.get("/login"))

    location = begin(visitor, "?next=/report")
    asked = {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}
    response = visitor.get(return_from(provider, location, parent.external_id))

    assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid", CLIENT_ID)
    assert asked["code_challenge_method"] == "S256"
    assert "max_age" not in asked
    assert (response.status_code, response.headers["location"]) == (302, "/report")
    assert is_logged_in(visitor)
    entry = AuditEntry.objects.get(family=parent, kind="login")
    assert entry.data == {"via": "oidc"}
    assert "Logged in with the platform’s login" in text_of(visitor.get("/audit"))


def test_another_site_is_no_page_to_go_on_to(provider, parent, browse):
    response = log_in(browse(), provider, parent.external_id, "?next=https://evil.example/")

    assert response.headers["location"] == "/"


def test_a_login_leaves_no_row_until_it_is_proven(provider, browse):
    visitor, before = browse(), Session.objects.count()

    cookie = visitor.get("/login/start").headers["set-cookie"]

    assert Session.objects.count() == before
    assert cookie.startswith(f"{attempts.COOKIE}=")
    assert {"HttpOnly", "Path=/login", "SameSite=Lax"} <= set(cookie.split("; "))


def test_an_answer_is_good_in_the_browser_that_asked_and_once(provider, parent, browse):
    visitor, other = browse(), browse()
    path = return_from(provider, begin(visitor), parent.external_id)

    assert refused(other.get(path))
    begin(other)
    assert refused(other.get(path))  # another attempt's state
    assert not is_logged_in(other)
    assert visitor.get(path).status_code == 302
    assert refused(visitor.get(path))


def test_a_source_has_so_many_logins_and_answers_to_nothing_cost_nothing(
    provider, parent, browse, settings, monkeypatch
):
    settings.TRUST_PROXY_HEADERS = True
    monkeypatch.setattr(rules, "PLATFORM_LOGINS_FROM_SOURCE", Limit(f"logins {uuid.uuid4()}", 1, rules.AN_HOUR))
    first, second, stranger = browse(), browse(), browse()
    paths = [return_from(provider, begin(visitor), parent.external_id) for visitor in (first, second)]

    with statements() as asked:
        assert refused(stranger.get("/login/return?code=x&state=y"))
    assert len(asked) == 0
    assert first.get(paths[0]).status_code == 302
    answer = second.get(paths[1])

    assert (answer.status_code, is_logged_in(second)) == (429, False)
    assert int(answer.headers["Retry-After"]) > 3000


def test_what_the_address_gives_is_checked(provider, parent, browse):
    for change in (
        lambda path: path.replace("code=", "code=x"),
        lambda path: path.replace("state=", "state=x"),
        lambda path: path.replace("iss=http", "iss=https"),
        lambda path: path.partition("?")[0],
        lambda path: path.partition("?")[0] + "?error=access_denied",
        lambda path: path.replace("code=", f"code={'x' * 3000}"),
    ):
        visitor = browse()
        path = return_from(provider, begin(visitor), parent.external_id)
        assert refused(visitor.get(change(path)))
        assert not is_logged_in(visitor)


WRONG = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": ...},
    "another client": {"aud": "another"},
    "several clients, made for another": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "another issuer": {"iss": "https://another.example"},
    "expired": {"exp": 1_700_000_000},
    "no subject": {"sub": ...},
    "a subject with a space": {"sub": "a b"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_token_lets_nobody_in(provider, parent, browse, name):
    visitor = browse()

    assert refused(log_in(visitor, provider, parent.external_id, **WRONG[name]))
    assert not is_logged_in(visitor)


def test_without_the_browsers_verifier_a_code_is_worth_nothing(provider, parent, browse, monkeypatch):
    visitor = browse()
    location = begin(visitor)
    path = return_from(provider, location, parent.external_id)
    exchange = client.exchange
    monkeypatch.setattr(client, "exchange", lambda code, **about: exchange(code, **{**about, "verifier": "stolen"}))

    assert refused(visitor.get(path))


def test_keys_that_were_rotated_in_the_meantime(provider, parent, browse, monkeypatch):
    assert log_in(browse(), provider, parent.external_id).status_code == 302
    provider.rotate()
    began = time.monotonic()
    monkeypatch.setattr(issuer_keys, "time", SimpleNamespace(monotonic=lambda: began + 61))

    assert log_in(browse(), provider, parent.external_id).status_code == 302


def test_an_unknown_subject_is_refused_or_made_on_sight(provider, browse, settings):
    unknown, wanted = f"acct:{uuid.uuid4()}", f"acct:{uuid.uuid4()}"
    assert refused(log_in(browse(), provider, unknown), CLOSED)
    settings.OIDC_CREATE_ACCOUNTS = True
    visitor = browse()

    assert log_in(visitor, provider, wanted).status_code == 302

    assert is_logged_in(visitor)
    assert User.objects.get(external_id=wanted).email is None
    assert not User.objects.filter(external_id=unknown).exists()


def test_closed_accounts_and_staff_are_refused(provider, browse):
    closed = make_user(is_active=False, external_id=f"acct:{uuid.uuid4()}")
    staff = make_user(is_staff=True, external_id=f"acct:{uuid.uuid4()}")

    for user in (closed, staff):
        visitor = browse()
        assert refused(log_in(visitor, provider, user.external_id), CLOSED)
        assert not is_logged_in(visitor)


def test_an_equal_address_links_nothing(provider, browse):
    user = make_user()

    assert refused(log_in(browse(), provider, f"acct:{uuid.uuid4()}", email=user.email, email_verified=True), CLOSED)
    assert User.objects.get(pk=user.pk).external_id is None


def test_an_account_with_an_address_is_linked_while_logged_in(provider, browse):
    user, subject = make_user(), f"acct:{uuid.uuid4()}"
    visitor = browse(user)
    link = link_of(visitor)

    response = log_in(visitor, provider, subject, link)

    assert response.headers["location"] == "/logins"
    assert "You can now log in with Streamly." in text_of(visitor.get("/logins"))
    assert User.objects.get(pk=user.pk).external_id == subject
    assert "Connect" not in text_of(visitor.get("/logins"))
    new = browse()
    assert log_in(new, provider, subject).status_code == 302
    assert user.email in new.get("/").text


def test_a_login_of_another_account_is_not_linked(provider, parent, browse):
    user = make_user()
    visitor = browse(user)
    link = link_of(visitor)

    log_in(visitor, provider, parent.external_id, link)

    assert "This login belongs to another account." in text_of(visitor.get("/logins"))
    assert User.objects.get(pk=user.pk).external_id is None


def test_another_site_cannot_link(provider, browse):
    """It could send the browser to this address, and answer with a login of its own."""
    visitor, other = browse(make_user()), browse(make_user())
    foreign = link_of(other)

    for query in ("?for=link", "?for=link&key=x", foreign):
        assert visitor.get(f"/login/start{query}").status_code == 404
    assert visitor.get("/login/start?for=else").status_code == 404
    assert browse().get("/login/start?for=link").headers["location"].startswith("/login?")


def test_passwords_can_be_switched_off(provider, parent, browse, http, settings):
    settings.PASSWORD_LOGIN = False
    user = make_user(password=PASSWORD)
    visitor, logged_in = browse(), browse(user)

    login = visitor.get("/login")

    assert "Continue with Streamly" in text_of(login)
    assert 'name="password"' not in login.text
    for path in ("/register", "/password/forgotten", "/password/forgotten/sent", "/password/forgotten/new"):
        assert visitor.get(path).status_code == 404, path
    assert visitor.post("/login", email=user.email, password=PASSWORD).status_code == 404
    assert logged_in.get("/password").status_code == 404
    assert 'href="/password"' not in logged_in.get("/pin").text
    switched_off = (404, {"detail": "Password login is switched off", "code": "not_found"})
    for path in ("register", "login"):
        answer = http.post(f"/api/v1/auth/{path}", json={"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD})
        assert (answer.status_code, answer.json()) == switched_off
    assert log_in(visitor, provider, parent.external_id).status_code == 302


def test_while_the_issuer_is_away(server, parent, browse, settings, monkeypatch):
    with issuer() as leaving:
        trust(leaving, settings, monkeypatch)
        visitor = browse()
        path = return_from(leaving, begin(visitor), parent.external_id)
        leaving.stop()

    assert visitor.get(path).status_code == 503
    monkeypatch.setattr(client, "known", client._Known())
    assert browse().get("/login/start").status_code == 503


def test_without_a_client_there_is_no_such_login(provider, browse, settings):
    settings.OIDC_CLIENT_ID = ""

    assert "Continue with" not in text_of(browse().get("/login"))
    assert browse().get("/login/start").status_code == 404
    assert browse().get("/login/return?code=x&state=y").status_code == 404
