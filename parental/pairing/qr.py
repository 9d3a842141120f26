"""The QR code of the pairing screen, as SVG."""

import io
from functools import lru_cache

import segno
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from parental.pages.page import page
from parental.pairing import codes
from parental.pairing.links import connect_url
from viewing.errors import Refusal
from viewing.models import DevicePairing, PairingState

MAX_AGE_SECONDS = 600


@require_safe
@page
def qr(request: HttpRequest) -> HttpResponse:
    """Leads a phone to the page that approves this code. Not found for anything but a code that a screen shows now.

    Anyone may ask, and a picture takes 10 ms: there are no more of them than codes.
    """
    code = codes.read(request.GET.get("code", ""))
    waiting = DevicePairing.objects.filter(user_code=code, state=PairingState.PENDING, expires_at__gt=timezone.now())
    if code is None or not waiting.exists():
        raise Refusal("not_found")
    response = HttpResponse(_draw(connect_url(request, codes.shown(code))), content_type="image/svg+xml")
    response["Cache-Control"] = f"private, max-age={MAX_AGE_SECONDS}"
    return response


@lru_cache(maxsize=256)
def _draw(text: str) -> bytes:
    """Dark on light whatever the theme, with its quiet zone: so scanners want it."""
    picture = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(
        picture,
        kind="svg",
        border=4,
        omitsize=True,
        xmldecl=False,
        light="#ffffff",
        svgclass="",
        lineclass="",
        nl=False,
    )
    return picture.getvalue()
