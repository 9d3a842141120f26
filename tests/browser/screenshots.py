"""`make screenshots`: every page of a freshly seeded demo, on a phone and on a desktop, into docs/screenshots/."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# A database of its own, gone afterwards; before the settings are read.
VAR = tempfile.TemporaryDirectory(prefix="sandglass-screenshots-", dir="/var/tmp")
os.environ |= {
    "SANDGLASS_VAR": VAR.name,
    "TEST_STATIC_ROOT": f"{VAR.name}/static",
    "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
    "EMBEDDED_DATABASE": "true",
    "DEBUG": "false",
    "SECURE_HTTPS": "false",
    "SECRET_KEY": "for-the-screenshots-only",
    "ALLOWED_HOSTS": "127.0.0.1",
    "LOG_LEVEL": "WARNING",
    # What the browser does between two pictures, Django takes for asynchronous.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
}

import django

django.setup()

import httpx
from django.contrib.auth.tokens import default_token_generator
from django.core.management import call_command
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from parental.demo.families.families import PARENT_EMAIL, PASSWORD, PIN, STAFF_EMAIL
from parental.demo.families.seeding import seed
from parental.models import Pin
from parental.pairing import approval, codes, screens
from parental.tokens import pin_tokens
from parental.tokens.players import issue
from tests import processes
from tests.browser import chromium
from tests.browser.childs_day import leave, picture_reasons
from tests.browser.pages import CHILD, FAMILY, OPEN
from tests.browser.reach import WIDE
from tests.families import make_child, make_player
from tests.load import closed_loop
from viewing.models import DevicePairing, PlayerToken, Profile, Title

FOLDER = processes.PROJECT / "docs" / "screenshots"
MAX_BYTES = 150_000
# In the dark too; all others look as these do.
IN_DARK = (
    "dashboard",
    "report",
    "connect_screen",
    "player-connect",
    "player-who",
    "player-choose",
    "player-watch",
    "player-locked",
)
# Of the child who has a week plan.
PLANNED = ("plan", "calendar", "why")
SIZES: dict[str, ViewportSize] = {"phone": {"width": 360, "height": 780}, "desktop": WIDE}
# Of the player alone: on the parents' pages nobody looks there.
TV: dict[str, ViewportSize] = {"tv": {"width": 1920, "height": 1080}}


@contextmanager
def demo() -> Iterator[str]:
    """The address of a service with the demo's families."""
    call_command("migrate", verbosity=0, interactive=False)
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"], check=True)
    with processes.service(Path(VAR.name) / "log") as running:
        # Now, for the service does not start with accounts whose password everyone knows.
        seed(now=timezone.now())
        yield running.url
    connections.close_all()


def log_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Email address").fill(PARENT_EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


def connect_device(page: Page, child: Profile) -> str:
    """The link for a device of the child; the page that shows it is left open."""
    page.goto(reverse("devices", args=[child.id]))
    page.get_by_label("Device name").fill("Tablet")
    if page.get_by_label("Your PIN").count():
        page.get_by_label("Your PIN").fill(PIN)
    page.get_by_role("button", name="Connect", exact=True).click()
    return page.get_by_label("Device link").input_value()


def play(child: Profile, url: str) -> None:
    """Let the child watch something right now."""
    pin_token = pin_tokens.pin_token(Pin.objects.get(user_id=child.user_id))
    issued = issue(child.user_id, child.id, device_name="Living room TV", pin_token=pin_token, now=timezone.now())
    title = Title.objects.get(name="Adventures of Captain Crumb")
    beat = {"profile_id": str(child.id), "title_id": str(title.id), "device_id": "living-room", "device_type": "tv"}
    headers = {"Authorization": f"Bearer {issued.player_token}"}
    httpx.post(f"{url}/api/v1/viewing-time/heartbeat", json=beat, headers=headers).raise_for_status()


class Camera:
    """Takes pictures of a page, in one size and theme."""

    def __init__(self, page: Page, size: str, theme: str) -> None:
        self.page, self.size, self.theme = page, size, theme

    def take(self, name: str) -> None:
        if self.theme == "dark" and name not in IN_DARK:
            return
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(300)
        path = FOLDER / f"{name}-{self.size}{'-dark' if self.theme == 'dark' else ''}.png"
        self.page.screenshot(path=path, animations="disabled")
        note = "" if path.stat().st_size < MAX_BYTES else "  TOO LARGE"
        sys.stdout.write(f"{path.name} {path.stat().st_size // 1000} kB{note}\n")


def picture_parents(camera: Camera, child: Profile) -> str:
    page = camera.page
    for name in set(OPEN) - {"player"}:
        page.goto(reverse(name))
        camera.take(name)
    page.goto(reverse("password_reset_link", args=[child.user_id, default_token_generator.make_token(child.user)]))
    camera.take("password_reset_set")
    page.goto("/nowhere")
    camera.take("not_found")
    log_in(page)
    planned = Profile.objects.get(user=child.user, name="Leo")
    for name in (*FAMILY, *CHILD):
        shown = planned if name in PLANNED else child
        page.goto(reverse(name, args=[shown.id] if name in CHILD else []))
        camera.take(name)
    page.goto(f"{reverse('connect')}?code={codes.shown(waiting_screen().user_code)}")
    camera.take("connect_screen")
    link = connect_device(page, child)
    camera.take("device_paired")
    PlayerToken.objects.filter(profile=child, device_name="Tablet").exclude(pk=newest(child).pk).delete()
    return link


def waiting_screen() -> DevicePairing:
    begun = screens.begin(device_name="", device_type="tv", source="", now=timezone.now())
    return DevicePairing.objects.get(user_code=begun.user_code)


def connect_two(page: Page, child: Profile) -> None:
    """Approve the code that the player shows, for the child and another one."""
    shown = page.locator("#pairing-code")
    expect(shown).to_have_text(re.compile("^[A-Z]{4}-[A-Z]{4}$"))
    pairing = DevicePairing.objects.get(user_code=codes.read(shown.inner_text()))
    family = Profile.objects.filter(user_id=child.user_id, is_kids=True).order_by("created_at")[:2]
    pin_token = pin_tokens.pin_token(Pin.objects.get(user_id=child.user_id))
    approval.approve(
        child.user_id,
        pairing.pk,
        profile_ids=[profile.pk for profile in family],
        device_name="Living room TV",
        pin_token=pin_token,
        now=timezone.now(),
    )
    page.locator(".player-card").first.wait_for()


def newest(child: Profile) -> PlayerToken:
    return PlayerToken.objects.filter(profile=child).latest("created_at")


@contextmanager
def crowd(url: str) -> Iterator[None]:
    """Run players, started some seconds before, so that the plots have something to show."""
    player = make_child()
    players = [player, *(make_player(player.profile.user, title=player.title) for _ in range(19))]
    watching = threading.Thread(target=lambda: asyncio.run(closed_loop(url, players, beats_each=5_000)))
    watching.start()
    time.sleep(12)
    yield
    watching.join()


def picture_staff(camera: Camera) -> None:
    page = camera.page
    page.goto(reverse("admin:login"))
    page.locator("[name=username]").fill(STAFF_EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(reverse("admin:perfmetrics_minutefigures_changelist"))
    camera.take("performance")


def picture_player(camera: Camera, child: Profile, link: str) -> None:
    page = camera.page
    page.goto(reverse("player"))
    page.locator("#pairing-qr").wait_for()
    camera.take("player-connect")
    connect_two(page, child)
    camera.take("player-who")
    PlayerToken.objects.filter(profile__user_id=child.user_id, device_name="Living room TV").delete()
    leave(child, 75)
    page.goto(link)
    page.locator(".title-card").first.wait_for()
    camera.take("player-choose")
    page.get_by_role("button", name="Rocket Raccoon Racing").click()
    page.locator("#film.running").wait_for()
    camera.take("player-watch")
    leave(child, 12)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Night Sky Club").click()
    page.get_by_text("left today").wait_for()
    camera.take("player-warned")
    leave(child, 0)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("That's it for today!").wait_for()
    page.locator(".toast").wait_for(state="detached")
    camera.take("player-locked")
    page.get_by_role("button", name="A parent is here").click()
    camera.take("player-more-time")
    page.get_by_role("button", name="+30 min").click()
    camera.take("player-pin")


def picture_all(browser: Browser, url: str) -> None:
    child = Profile.objects.get(user__email=PARENT_EMAIL, name="Mia")
    play(child, url)
    leave(child, 75)
    # All of the parents' first, for the player leaves traces in them.
    links = [picture_parents(camera, child) for camera in cameras(browser, url)]
    for camera in cameras(browser, url, SIZES | TV):
        picture_player(camera, child, links[-1])
        picture_reasons(camera, child)
    with crowd(url):
        for camera in cameras(browser, url):
            picture_staff(camera)


def cameras(browser: Browser, url: str, sizes: Mapping[str, ViewportSize] = SIZES) -> Iterator[Camera]:
    for size, viewport in sizes.items():
        for theme in ("light", "dark"):
            context = browser.new_context(base_url=url, viewport=viewport, color_scheme=theme)
            yield Camera(context.new_page(), size, theme)
            context.close()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with demo() as url, sync_playwright() as playwright:
        executable = chromium.executable(playwright)
        if executable is None:
            sys.exit(f"There is no Chromium here. Get one with {chromium.HOW_TO_GET_ONE}.")
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.ARGUMENTS)
        picture_all(browser, url)
        browser.close()


if __name__ == "__main__":
    main()
