"""An address is confirmed by mail; until then the pages ask for it."""

import re
import uuid

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.urls import reverse

from parental.accounts import confirmation, mails
from parental.models import User
from parental.tokens import signed
from tests.families import make_child, make_user
from tests.parental.cast import PASSWORD
from tests.parental.pages.visitors import text_after, text_of
from tests.parental.queues import wait_until_idle
from tests.statements import statements
from viewing.models import PlayerToken

pytestmark = pytest.mark.usefixtures("quick_hashes")

PUBLIC = "https://sandglass.example"
BANNER = "Confirm your email address: open the link"
NO_LONGER = "This link no longer works"


@pytest.fixture(autouse=True)
def public_url(settings):
    settings.MAIL_ORIGIN = PUBLIC


@pytest.fixture
def sent(mailoutbox):
    """The mails to an address, once all that were asked for are out."""

    def to(email):
        wait_until_idle(mails.executor)
        return [message for message in mail.outbox if message.to == [email]]

    return to


@pytest.fixture
def user(server):
    return make_user(password=PASSWORD, email_confirmed_at=None)


def link_for(user):
    return reverse("email_confirm", args=[signed.sign(signed.CONFIRM, user.pk, signed.mark(user.email))])


def is_confirmed(user):
    return User.objects.get(pk=user.pk).email_confirmed_at is not None


def test_registering_on_the_page_sends_a_link_that_confirms(browse, sent):
    visitor, email = browse(), f"{uuid.uuid4()}@example.com"
    visitor.post("/register", email=email, password=PASSWORD)
    (message,) = sent(email)
    assert BANNER in text_of(visitor.get("/"))
    (link,) = re.findall(rf"{PUBLIC}(/email/confirm/\S+)", message.body)

    anyone = browse()
    assert email in text_of(anyone.get(link))
    assert anyone.post(link).status_code == 302

    assert is_confirmed(User.objects.get(email=email))
    assert BANNER not in text_of(visitor.get("/"))


def test_so_does_registering_in_an_app(http, sent):
    email = f"{uuid.uuid4()}@example.com"

    assert http.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD}).status_code == 201

    assert len(sent(email)) == 1


def test_opening_the_link_confirms_nothing_and_writes_nothing(browse, user):
    """Programs that look for harmful links open them."""
    with statements() as sent:
        assert browse().get(link_for(user)).status_code == 200

    assert not is_confirmed(user)
    assert [one for one in sent.all if not one.startswith("SELECT")] == []


def test_the_link_works_again_and_changes_nothing(browse, user):
    visitor = browse()
    visitor.post(link_for(user))
    at = User.objects.get(pk=user.pk).email_confirmed_at

    assert visitor.post(link_for(user)).status_code == 302

    assert User.objects.get(pk=user.pk).email_confirmed_at == at


@pytest.mark.parametrize("which", ["nonsense", "of another kind", "of a former address", "too long", "too old"])
def test_other_links_confirm_nothing(browse, user, which, monkeypatch):
    tokens = {
        "nonsense": "x",
        "of another kind": signed.sign(signed.DEVICE, user.pk, signed.mark(user.email)),
        "of a former address": signed.sign(signed.CONFIRM, user.pk, signed.mark("former@example.com")),
        "too long": "x" * 5_000,
        "too old": signed.sign(signed.CONFIRM, user.pk, signed.mark(user.email)),
    }
    if which == "too old":
        monkeypatch.setattr(confirmation, "LINK_SECONDS", -1)
    visitor, link = browse(), reverse("email_confirm", args=[tokens[which]])

    assert NO_LONGER in text_of(visitor.get(link))
    assert NO_LONGER in text_of(visitor.post(link))
    assert not is_confirmed(user)


def test_the_banner_sends_another_link_three_an_hour(browse, user, sent, clock):
    visitor = browse(user)
    for _ in range(5):
        assert "sent you an email" in text_after(visitor, visitor.post("/email/confirm"))
    assert len(sent(user.email)) == 3
    clock.forward(minutes=61)

    visitor.post("/email/confirm")

    assert len(sent(user.email)) == 4


def test_nobody_is_asked_where_no_mail_can_be_sent(browse, user, settings, http):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    visitor = browse(user)

    assert BANNER not in text_of(visitor.get("/"))
    assert visitor.post("/email/confirm").status_code == 302
    body = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD}
    assert http.post("/api/v1/auth/register", json=body).status_code == 201


def test_an_address_that_staff_change_is_not_confirmed(server):
    from parental.accounts.admin_forms import AccountChangeForm

    user = make_user()
    same = {"email": user.email, "password": user.password, "is_active": True, "date_joined": user.date_joined}

    for email, expected in ((user.email.upper(), True), (f"new-{user.email}", False)):
        form = AccountChangeForm({**same, "email": email}, instance=User.objects.get(pk=user.pk))
        assert form.is_valid(), form.errors
        assert (form.save().email_confirmed_at is not None) is expected


class TestAPasswordReset:
    """Who registered an address that is not theirs keeps nothing once its owner has reset the password."""

    def open_link(self, browse, user):
        visitor = browse()
        present = User.objects.get(pk=user.pk)
        visitor.get(f"/password/forgotten/{user.pk}/{default_token_generator.make_token(present)}")
        return visitor

    def devices(self, child):
        return PlayerToken.objects.filter(profile=child.profile, revoked_at=None).count()

    @pytest.fixture
    def child(self, server):
        return make_child()

    def test_confirms_the_address(self, browse, user):
        self.open_link(browse, user).post("/password/forgotten/new", new="another password")

        assert is_confirmed(user)

    def test_disconnects_all_devices_when_asked_to(self, browse, http, child):
        visitor = self.open_link(browse, child.profile.user)
        assert child.beat(http).status_code == 200

        visitor.post("/password/forgotten/new", new="another password", with_devices="on")

        assert self.devices(child) == 0
        assert child.beat(http).status_code == 401

    def test_leaves_them_otherwise_and_others_always(self, browse, child):
        other = make_child()
        self.open_link(browse, child.profile.user).post("/password/forgotten/new", new="another password")
        self.open_link(browse, child.profile.user).post(
            "/password/forgotten/new", new="a third password", with_devices="on"
        )

        assert (self.devices(child), self.devices(other)) == (0, 1)

    @pytest.mark.parametrize("is_new", [True, False])
    def test_suggests_it_where_the_address_was_not_confirmed(self, browse, is_new):
        user = make_user(password=PASSWORD, **({"email_confirmed_at": None} if is_new else {}))

        page = self.open_link(browse, user).get("/password/forgotten/new").text

        (field,) = re.findall(r'<input type="checkbox" name="with_devices"[^>]*>', page)
        assert ("checked" in field) is is_new


def test_one_source_asks_for_30_mails_an_hour(http, browse, settings, sent):
    settings.TRUST_PROXY_HEADERS = True
    visitor, source = browse(), f"2001:db8:{uuid.uuid4().hex[:4]}:1::1"
    visitor.http.headers["X-Forwarded-For"] = source

    answers = []
    for _ in range(31):
        answers.append(visitor.post("/password/forgotten", email=f"{uuid.uuid4()}@example.com").status_code)
        wait_until_idle(mails.executor)

    assert answers == [302] * 30 + [429]
    visitor.http.headers["X-Forwarded-For"] = "203.0.113.9"
    assert visitor.post("/password/forgotten", email="a@example.com").status_code == 302


def test_one_source_registers_20_accounts_an_hour(http, settings):
    settings.TRUST_PROXY_HEADERS = True
    source = f"2001:db8:{uuid.uuid4().hex[:4]}:1::1"

    def register(source):
        body = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD}
        return http.post("/api/v1/auth/register", json=body, headers={"X-Forwarded-For": source})

    assert {register(source).status_code for _ in range(20)} == {201}

    refused = register(source)

    sentence = "Too many registrations from this network. Try again later."
    assert (refused.status_code, refused.json()) == (429, {"detail": sentence, "code": "rate_limited"})
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert register("203.0.113.9").status_code == 201


def test_addresses_without_an_account_leave_no_rows(browse, server):
    visitor = browse()
    visitor.get("/login")
    wait_until_idle(mails.executor)  # other tests' mails

    with statements() as sent:
        visitor.post("/password/forgotten", email=f"{uuid.uuid4()}@example.com")
        wait_until_idle(mails.executor)

    assert [one for one in sent.all if not one.startswith("SELECT")] == []
