"""What a parent does on the pages, step by step."""

import uuid

from playwright.sync_api import Page, expect

PASSWORD = "correct horse battery staple"
PIN = "4711"


def register(page: Page) -> str:
    email = f"{uuid.uuid4()}@example.com"
    page.goto("/register")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    return email


def set_pin(page: Page) -> None:
    page.goto("/pin")
    page.get_by_label("New PIN", exact=True).fill(PIN)
    page.get_by_label("Confirm new PIN").fill(PIN)
    page.get_by_role("button", name="Set PIN").click()
    page.goto("/")


def add_child(page: Page, name: str) -> None:
    page.get_by_role("link", name="Add a child").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add child").click()
    expect(page.get_by_text(f"{name}").first).to_be_visible()


def limit_to_15_minutes(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Limits").click()
    page.get_by_label("Same every day").check()
    page.get_by_label("Monday to Friday").select_option("15")
    page.get_by_role("button", name="Save").click()


def connect_device(page: Page, pin: str) -> str:
    """The link for the device."""
    page.goto("/")
    page.get_by_role("link", name="Devices").click()
    page.get_by_label("Device name").fill("Living room TV")
    page.get_by_label("Your PIN").fill(pin)
    page.get_by_role("button", name="Connect", exact=True).click()
    return page.get_by_label("Device link").input_value()
