"""Emails about an account's security: what they say, and what a mail server that refuses or hangs does to them."""

import json
import threading
import uuid
from collections.abc import Iterator

import pytest
from django.utils import timezone

from parental.deliver import mail, results, sql
from parental.deliver.fan_out import fan_out
from parental.deliver.models import Bounces, Delivery
from parental.deliver.outcomes import Answer
from parental.deliver.results import Claim
from tests.families import make_user
from tests.parental.deliver import platform
from tests.parental.deliver.smtp import SmtpHandler, SmtpServer
from tests.parental.homes import make_home
from viewing.models import PlayerToken, Profile

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def smtp(settings) -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 2
        settings.MAIL_ORIGIN = "https://sandglass.example"
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def nothing_yet(committed):
    platform.clear()
    yield
    platform.clear()


def mail_to(user, event_type, *, profile_id=None, **data):
    now = timezone.now()
    return Delivery.objects.create(
        channel="mail",
        user=user,
        event_id=uuid.uuid4(),
        type=event_type,
        family_id=user.pk,
        profile_id=profile_id,
        body=json.dumps({"data": data, "at": "2026-03-04T12:00:00+00:00"}),
        due_at=now,
        created_at=now,
    )


def deliver():
    """As a deliverer does it; the answers, by the deliveries' ids."""
    now = timezone.now()
    ids = sql.claim_mails(50, until=now + sql.CLAIM, now=now)
    rows = {row.pk: row for row in Delivery.objects.filter(pk__in=ids).order_by("pk")}
    made = {id_: mail.make(row) for id_, row in rows.items()}
    answers = {id_: one for id_, one in made.items() if isinstance(one, Answer)}
    answers |= dict(mail.send_all([(id_, one) for id_, one in made.items() if isinstance(one, mail.Mail)]))
    for id_, answer in answers.items():
        row = rows[id_]
        assert results.write(Claim(id_, "mail", row.attempts, None, row.user_id), answer, now=now)
    return answers


def text_of(message):
    return message.get_body(("plain",)).get_content()


def html_of(message):
    return message.get_body(("html",)).get_content()


def test_a_paired_device(smtp):
    home = make_home(timezone="Europe/Berlin")
    delivery = mail_to(
        home.parent.user, "device.paired", profile_id=home.child.profile.pk, token_id=str(home.child.token_id)
    )

    deliver()

    (message,) = smtp.received
    assert message["To"] == home.parent.user.email
    assert message["Subject"] == "Living room can now play as Mia"
    assert message["Message-ID"] == f"<sandglass-{delivery.event_id.hex}@sandglass.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    text = text_of(message)
    assert "The device “Living room” can now play as Mia." in text
    assert "4 March 2026, 13:00 (Europe/Berlin)" in text
    assert f"https://sandglass.example/children/{home.child.profile.pk}/devices" in text
    assert "<script" not in html_of(message)
    assert "<img" not in html_of(message)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_status) == ("done", 250)


@pytest.mark.parametrize(
    ("event_type", "subject"),
    [
        ("pin.changed", "Your PIN was changed"),
        ("pin.reset", "Your PIN was reset"),
        ("password.changed", "Your password was changed"),
        ("password.reset", "Your password was reset"),
    ],
)
def test_changed_credentials(smtp, event_type, subject):
    mail_to(make_user(), event_type)

    deliver()

    (message,) = smtp.received
    assert message["Subject"] == subject
    assert "If this wasn't you" in text_of(message)


def test_a_locked_pin(smtp):
    home = make_home()
    mail_to(home.parent.user, "pin.locked", locked_until="2026-03-04T12:30:00+00:00")
    about = {"profile_id": home.child.profile.pk, "token_id": str(home.child.token_id)}
    mail_to(home.parent.user, "pin.locked", locked_until="9999-01-01T00:00:00+00:00", **about)

    deliver()

    parents, devices = (text_of(message) for message in smtp.received)
    assert "locked there until 4 March 2026, 12:30 (UTC)" in parents
    assert "“Living room”" in devices
    assert "locked there until you reset it" in devices


def test_every_event_that_is_mailed_has_a_text():
    assert {
        "device.paired",
        "pin.locked",
        "pin.changed",
        "pin.reset",
        "password.changed",
        "password.reset",
    } == mail.MAILED


def test_several_emails_share_a_connection(smtp):
    for _ in range(3):
        mail_to(make_user(), "pin.changed")

    deliver()

    assert (len(smtp.received), smtp.connections) == (3, 1)


def test_a_name_becomes_no_header(smtp):
    """The API refuses such a name; this one was written straight into the database."""
    home = make_home()
    Profile.objects.filter(pk=home.child.profile.pk).update(name="Mia\r\nBcc: x@y.example <b>")
    about = {"profile_id": home.child.profile.pk, "token_id": str(home.child.token_id)}
    mail_to(home.parent.user, "device.paired", **about)

    deliver()

    (message,) = smtp.received
    assert message["Bcc"] is None
    assert message["Subject"] == "Living room can now play as Mia Bcc: x@y.example <b>"
    assert "&lt;b&gt;" in html_of(message)


def test_what_is_gone_gets_no_email(smtp):
    home, gone = make_home(), make_home()
    inactive = make_user(is_active=False)
    token_id = str(gone.child.token_id)
    mails = [
        mail_to(home.parent.user, "device.paired", profile_id=gone.child.profile.pk, token_id=token_id),
        mail_to(inactive, "pin.changed"),
        mail_to(gone.parent.user, "device.paired", profile_id=gone.child.profile.pk, token_id=token_id),
    ]
    PlayerToken.objects.filter(pk=token_id).delete()

    deliver()

    assert smtp.received == []
    assert [Delivery.objects.get(pk=one.pk).state for one in mails] == ["cancelled"] * 3


def test_an_address_that_is_refused_thrice_gets_no_more(smtp, browse):
    user = make_user()
    smtp.refuse_with = "550"
    for _ in range(3):
        refused = mail_to(user, "pin.changed")
        deliver()
        refused.refresh_from_db()
        assert (refused.state, refused.last_error) == ("dead", "recipient refused")
    smtp.refuse_with = ""

    cancelled = mail_to(user, "pin.changed")
    deliver()

    cancelled.refresh_from_db()
    assert (cancelled.state, smtp.received) == ("cancelled", [])
    assert "We can't reach you by email" in browse(user).get("/").text

    user.email = f"new-{user.email}"
    user.save()
    mail_to(user, "pin.changed")
    deliver()
    assert len(smtp.received) == 1
    assert not Bounces.objects.filter(pk=user.pk).exists()
    assert "We can't reach you by email" not in browse(user).get("/").text


def test_two_refusals_in_a_row_are_forgotten_by_a_success(smtp):
    user = make_user()
    for refuse_with in ("550", "550", "", "550", "550"):
        smtp.refuse_with = refuse_with
        mail_to(user, "pin.changed")
        deliver()

    assert not results.is_refused(user.pk, user.email)


def test_a_temporary_refusal_is_tried_again(smtp, events):
    smtp.refuse_with = "450"
    user = make_user()
    delivery = mail_to(user, "pin.changed")

    deliver()

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("waiting", 1, "recipient refused")
    assert not Bounces.objects.filter(pk=user.pk).exists()
    assert [line["error"] for line in events("delivery_failed")] == ["recipient refused"]


def test_no_log_and_no_row_holds_the_address(smtp, caplog):
    user = make_user()
    smtp.refuse_with = "550"
    delivery = mail_to(user, "pin.changed")

    deliver()

    delivery.refresh_from_db()
    assert user.email not in f"{delivery.body}{delivery.last_error}{delivery.last_answer}"
    assert user.email not in caplog.text


def test_a_server_that_hangs_or_is_away_is_tried_again(smtp, settings, monkeypatch):
    settings.EMAIL_TIMEOUT = 0.3
    monkeypatch.setattr(SmtpHandler, "handle", lambda self: threading.Event().wait(2))
    hanging = mail_to(make_user(), "pin.changed")
    deliver()
    settings.EMAIL_PORT = 1
    away = mail_to(make_user(), "pin.changed")
    deliver()

    found = [Delivery.objects.get(pk=one.pk) for one in (hanging, away)]
    assert [one.state for one in found] == ["waiting", "waiting"]
    assert [one.last_error for one in found] == ["SMTPServerDisconnected", "ConnectionRefusedError"]


@pytest.mark.usefixtures("quick_hashes", "no_waiting")
def test_from_the_event_to_the_email(http, smtp):
    home = make_home()
    url = f"/api/v1/auth/profiles/{home.child.profile.id}/player-token"
    http.post(url, json={"device_name": "Kitchen"}, headers=home.parent.headers)

    fan_out(now=timezone.now())
    deliver()

    (message,) = smtp.received
    assert message["Subject"] == "Kitchen can now play as Mia"
