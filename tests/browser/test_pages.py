"""Every page, in a browser: read by axe in both themes, on the narrowest phone, without an error or a broken policy."""

from datetime import timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from parental.models import Pin, TimeGrant
from parental.pages.urls import urlpatterns
from parental.plans import exceptions
from parental.plans.exception_schemas import ExceptionIn
from parental.tokens import signed
from tests.browser.pages import CHILD, FAMILY, LINKED, NO_PAGES, OPEN
from tests.browser.reach import obstacles, overhang, too_small
from tests.browser.steps import PIN, connect_device, limit_to_15_minutes, register, set_pin
from tests.families import Family, make_family, make_user
from tests.hashers import quick_hash
from viewing.models import ViewingSession


@pytest.fixture(scope="module")
def family(films) -> Family:
    """With something on every page."""
    family = make_family(children=2, adult=True, title=films.plain)
    Pin.objects.create(user=family.user, pin_hash=quick_hash(PIN))
    child = family.children[0]
    child.use_up(100 * 60)
    now = timezone.now()
    ViewingSession.objects.create(
        profile=child.profile,
        title=films.learning,
        device_id="living-room",
        device_type="tv",
        day=now.date(),
        started_at=now - timedelta(minutes=50),
        last_heartbeat_at=now,
        counted_seconds=3000,
        is_educational=True,
    )
    TimeGrant.objects.create(
        profile=child.profile, granted_by=family.user, minutes=30, day=now.date(), granted_at=now, is_remote=True
    )
    different = {"name": "No bedtime", "changes": {"bedtime": None}}
    for source, profile_id, day in (("quick", child.profile.id, now), ("manual", None, now + timedelta(days=2))):
        about = {"source": source, "profile_id": profile_id, "from_date": day.date(), **different}
        exceptions.make(family.user.pk, ExceptionIn.model_validate(about), now=now)
    return family


def test_no_page_is_left_out():
    assert {pattern.name for pattern in urlpatterns} == {*FAMILY, *CHILD, *OPEN, *LINKED, *NO_PAGES} - {"player"}


def within_reach(page) -> None:
    assert obstacles(page) == []
    assert overhang(page) == 0
    assert too_small(page) == []


@pytest.mark.parametrize("name", OPEN)
def test_an_open_page_is_within_reach_of_everyone(screen, name):
    answer = screen.page.goto(reverse(name))

    assert answer.status == 200
    within_reach(screen.page)


@pytest.mark.parametrize("name", FAMILY + CHILD)
def test_a_familys_page_is_within_reach_of_everyone(screen, family, name):
    screen.log_in(family.user)
    address = reverse(name, args=[family.children[0].profile.id] if name in CHILD else [])
    answer = screen.page.goto(address)

    assert answer.status == 200
    assert screen.page.url == screen.site + address
    within_reach(screen.page)


def test_a_page_that_is_not_there_is_within_reach_of_everyone(browser, site):
    # Not through `screen`: the browser itself logs the 404.
    context = browser.new_context(base_url=site)
    page = context.new_page()
    assert page.goto("/nowhere").status == 404

    within_reach(page)
    context.close()


def test_the_page_for_a_new_password_is_within_reach_of_everyone(screen):
    user = make_user()
    user.set_password("correct horse battery staple")
    user.save(update_fields=["password"])
    token = default_token_generator.make_token(user)

    screen.page.goto(reverse("password_reset_link", args=[user.pk, token]))

    expect(screen.page.get_by_label("New password").first).to_be_visible()
    within_reach(screen.page)


@pytest.mark.parametrize("is_valid", [True, False])
@pytest.mark.parametrize("name", LINKED)
def test_a_page_that_a_mail_leads_to_is_within_reach_of_everyone(screen, name, is_valid):
    user = make_user(email_confirmed_at=None)
    token = signed.sign(signed.CONFIRM, user.pk, signed.mark(user.email))

    answer = screen.page.goto(reverse(name, args=[token if is_valid else token[:-1]]))

    assert answer.status == 200
    expect(screen.page.get_by_role("button", name="Confirm")).to_have_count(1 if is_valid else 0)
    within_reach(screen.page)


@pytest.mark.parametrize("path", ["/admin/", "/admin/viewing/profile/", "/api/v1/docs"])
def test_a_page_of_others_keeps_to_our_policy(screen, path):
    screen.log_in(make_user(is_staff=True, is_superuser=True))
    answer = screen.page.goto(path)
    screen.page.wait_for_load_state("networkidle")

    assert answer.status == 200


def test_the_parents_pages_work_without_javascript(open_screen):
    parent = open_screen(java_script_enabled=False)
    register(parent.page)
    set_pin(parent.page)
    parent.page.get_by_role("link", name="Add a child").click()
    parent.page.get_by_label("Name").fill("Ida")
    parent.page.get_by_label("Time zone").fill("Europe/Berlin")
    parent.page.get_by_role("button", name="Add child").click()
    limit_to_15_minutes(parent.page)
    assert "#profile=" in connect_device(parent.page, PIN)
    parent.page.goto("/")
    parent.page.get_by_role("button", name="+30").click()

    parent.reads("45 min left")
