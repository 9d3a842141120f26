"""The address that a parent opens on the phone, by hand or by the QR code."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from parental.pages.page import public_url


def connect_url(request: HttpRequest, shown_code: str = "") -> str:
    """Of the page that asks for the code; with a code, that knows it already. Opening it approves nothing."""
    url = public_url(request, reverse("connect"))
    return f"{url}?{urlencode({'code': shown_code})}" if shown_code else url
