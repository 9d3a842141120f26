"""Password reset: the link by email, and what it does."""

import logging
import re
import smtplib
import uuid

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core import mail

from parental.accounts import mails
from parental.models import TokenFamily, User
from parental.tokens.sessions import stored_key
from tests.families import make_user
from tests.parental.cast import PASSWORD, log_in
from tests.parental.pages.visitors import text_after, text_of
from tests.parental.pin_cast import before
from tests.parental.queues import wait_until_idle

pytestmark = pytest.mark.usefixtures("quick_hashes")

NEW = "a new password"
PUBLIC = "https://sandglass.example"
INVALID = "This link no longer works"


@pytest.fixture
def user(server):
    return make_user(password=PASSWORD)


@pytest.fixture
def sent(mailoutbox):
    """The mails, once all that were asked for are out."""

    def to(email):
        wait_until_idle(mails.executor)
        return [message for message in mail.outbox if message.to == [email]]

    return to


def ask(visitor, email):
    return visitor.post("/password/forgotten", email=email)


@pytest.fixture(autouse=True)
def public_url(settings):
    settings.MAIL_ORIGIN = PUBLIC


def link_of(message):
    (link,) = re.findall(r"http\S+", message.body)
    assert link.startswith(f"{PUBLIC}/password/forgotten/")
    return link.removeprefix(PUBLIC)


@pytest.fixture
def link(browse, server, user, sent):
    ask(browse(), user.email)
    return link_of(sent(user.email)[0])


def set_password(visitor, new=NEW):
    return visitor.post("/password/forgotten/new", new=new)


def has_password(user, password):
    return User.objects.get(pk=user.pk).check_password(password)


def test_the_link_sets_a_new_password(browse, user, link):
    visitor = browse()
    assert visitor.get(link).headers["location"] == "/password/forgotten/new"

    assert "Log in with your new password" in text_after(visitor, set_password(visitor))
    assert has_password(user, NEW)


def test_a_new_password_ends_every_login(browse, server, user, sent):
    # A login after the mail would make the link worthless.
    app, inside, visitor = log_in(user), browse(user), browse()
    ask(visitor, user.email)
    visitor.get(link_of(sent(user.email)[0]))

    set_password(visitor)

    assert inside.get("/").status_code == 302
    assert TokenFamily.objects.get(pk=app.login.pk).ended_at is not None


def test_the_answer_is_the_same_for_an_unknown_address(browse, user, sent):
    visitor = browse()

    known = text_after(visitor, ask(visitor, user.email.upper()))
    unknown = text_after(visitor, ask(visitor, f"{uuid.uuid4()}@example.com"))

    assert known == unknown
    assert "If an account with this email address exists" in known
    assert len(sent(user.email)) == 1
    assert len(mail.outbox) == 1


def test_a_deactivated_account_and_one_without_a_password_get_no_mail(browse, server, sent):
    deactivated, without = make_user(password=PASSWORD, is_active=False), make_user()

    for user in (deactivated, without):
        ask(browse(), user.email)

    assert not sent(deactivated.email) + sent(without.email)


def test_a_link_works_once(browse, user, link):
    first, second = browse(), browse()
    for visitor in (first, second):
        visitor.get(link)

    set_password(first)

    assert INVALID in text_of(set_password(second, "another password"))
    assert INVALID in text_of(second.get("/password/forgotten/new"))
    assert has_password(user, NEW)


def test_a_password_that_changes_while_the_new_one_is_hashed_stays(browse, user, link, monkeypatch):
    other = make_user(password="another").password
    change = User.objects.filter(pk=user.pk).update
    monkeypatch.setattr(
        "parental.accounts.passwords.make_password", before(make_password, lambda: change(password=other))
    )
    visitor = browse()
    visitor.get(link)

    assert INVALID in text_of(set_password(visitor))
    assert has_password(user, "another")


def test_a_link_works_for_an_hour(browse, user, link, monkeypatch):
    visitor = browse()
    visitor.get(link)
    assert INVALID not in text_of(visitor.get("/password/forgotten/new"))

    monkeypatch.setattr("django.contrib.auth.tokens.default_token_generator._now", later(seconds=3601))

    assert INVALID in text_of(set_password(visitor))
    assert has_password(user, PASSWORD)


def later(*, seconds):
    from datetime import datetime, timedelta

    return lambda: datetime.now() + timedelta(seconds=seconds)


def test_a_link_is_invalid_after_the_password_changed(browse, user, link):
    User.objects.filter(pk=user.pk).update(password=make_user(password="another").password)
    visitor = browse()
    visitor.get(link)

    assert INVALID in text_of(set_password(visitor))


@pytest.mark.parametrize("what", ["token", "account", "both"])
def test_a_link_that_nobody_sent_sets_nothing(browse, user, link, what):
    user_id, token = link.rsplit("/", 2)[1:]
    if what != "token":
        user_id = uuid.uuid4()
    if what != "account":
        token = "x" * 32 + "-1"
    visitor = browse()
    visitor.get(f"/password/forgotten/{user_id}/{token}")

    assert INVALID in text_of(set_password(visitor))
    assert has_password(user, PASSWORD)


def test_without_a_link_there_is_nothing_to_set(browse):
    assert INVALID in text_of(browse().get("/password/forgotten/new"))
    assert INVALID in text_of(set_password(browse()))


def test_a_password_that_will_not_do_may_be_tried_again(browse, user, link):
    visitor = browse()
    visitor.get(link)

    assert 'id="id_new_error"' in set_password(visitor, "short").text
    assert set_password(visitor).status_code == 302


def test_three_mails_an_hour_go_to_an_address(browse, user, sent, clock):
    visitor = browse()
    answers = {text_of(visitor.get(ask(visitor, user.email).headers["location"])) for _ in range(5)}
    assert len(sent(user.email)) == 3
    assert len(answers) == 1

    clock.forward(minutes=61)
    ask(visitor, user.email)

    assert len(sent(user.email)) == 4


def test_wrong_passwords_use_up_no_mails(browse, user, sent):
    """Someone who fails to log in with a forgotten password will ask for the link next."""
    visitor = browse()
    for _ in range(11):
        visitor.post("/login", email=user.email, password="wrong")

    ask(visitor, user.email)

    assert len(sent(user.email)) == 1


def test_a_mail_that_cannot_be_sent_is_logged_without_the_address(browse, user, sent, monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise smtplib.SMTPRecipientsRefused({user.email: (550, b"no")})

    monkeypatch.setattr("parental.accounts.mails.send_mail", refuse)

    with caplog.at_level(logging.ERROR):
        answer = ask(browse(), user.email)
        sent(user.email)

    assert answer.status_code == 302
    (record,) = caplog.records
    assert record.fields == {"error": "SMTPRecipientsRefused"}
    assert user.email not in caplog.text


def test_where_no_mail_can_be_sent_nothing_is_promised(browse, user, settings):
    visitor = browse()
    assert "/password/forgotten" in visitor.get("/login").text

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    assert "/password/forgotten" not in visitor.get("/login").text
    assert visitor.get("/password/forgotten").status_code == 404
    assert ask(visitor, user.email).status_code == 404


def test_the_host_that_a_client_names_is_in_no_mail(browse, user, sent):
    visitor = browse()
    visitor.http.headers["Host"] = "localhost:4444"

    assert ask(visitor, user.email).status_code == 302

    assert "4444" not in sent(user.email)[0].body
    assert link_of(sent(user.email)[0])


def test_the_session_of_a_link_lasts_an_hour_and_a_login_in_it_as_long_as_any(browse, user, link):
    visitor = browse()
    visitor.get(link)
    assert (
        Session.objects.get(pk=stored_key(visitor.http.cookies["sessionid"])).get_decoded()["_session_expiry"] == 3600
    )

    visitor.post("/login", email=user.email, password=PASSWORD)

    assert "_session_expiry" not in Session.objects.get(pk=stored_key(visitor.http.cookies["sessionid"])).get_decoded()
