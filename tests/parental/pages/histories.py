"""A history page as its tests read it."""

import re
from html import unescape

from tests.parental.pages.visitors import text_of

FEBRUARY_MARCH = "from_date=2026-02-01&to_date=2026-03-04"


def path_of(child, *, form=""):
    return f"/children/{child.profile.id}/history{form}"


def page_of(browse, child, query=""):
    return browse(child.profile.user).get(f"{path_of(child)}?{query}")


def figures(html):
    return [float(value) for value in re.findall(r'<data value="([^"]*)">', html)]


def days_on(page):
    """(date, the exact figures of its heading, those of its sessions) of each day that the page lists."""
    assert page.status_code == 200, text_of(page)
    parts = re.findall(r'<section class="day" aria-labelledby="day-(\S+)">(.*?)</section>', page.text, re.DOTALL)
    return [(day, figures(head), figures(body)) for day, html in parts for head, body in [html.split("<ul", 1)]]


def sums_of(page):
    return figures(re.search(r'<dl class="facts">.*?</dl>', page.text, re.DOTALL)[0])


def quick_links(page):
    links = re.findall(r'<a class="button button--quiet" href="(\?from_date[^"]*)"( aria-current="true")?>', page.text)
    return [(unescape(link), bool(current)) for link, current in links]
