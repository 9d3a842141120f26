"""`/metrics` for Prometheus: every worker of this host, for those who are let in; 404 for all others.

`METRICS_TOKEN` and `METRICS_ALLOWED_ADDRESSES` open it; where both are set, both must hold.
"""

import asyncio
import secrets
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from perfmetrics.counting.lean import lean
from perfmetrics.reading import figures
from perfmetrics.reading.api import publish_samples


@lean
async def prometheus(request: HttpRequest) -> HttpResponse:
    """The figures as Prometheus reads them. Http404, as for any unknown path, to whom they are closed."""
    if request.method != "GET" or not is_open_to(request):
        raise Http404
    publish_samples()
    text = await asyncio.to_thread(figures.collect, generate_latest)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def is_open_to(request: HttpRequest) -> bool:
    """Whether all that is set to open it holds; closed where nothing is."""
    if not (settings.METRICS_TOKEN or settings.METRICS_ALLOWED_ADDRESSES):
        return False
    return _has_token(request) and _comes_from_allowed(request)


def _has_token(request: HttpRequest) -> bool:
    if not settings.METRICS_TOKEN:
        return True
    given = request.headers.get("Authorization", "").encode()
    return secrets.compare_digest(given, b"Bearer " + settings.METRICS_TOKEN.encode())


def _comes_from_allowed(request: HttpRequest) -> bool:
    if not settings.METRICS_ALLOWED_ADDRESSES:
        return True
    try:
        address = ip_address(request.META["REMOTE_ADDR"])
    except (KeyError, ValueError):  # over a Unix socket there is none
        return False
    # A dual-stack socket reports 10.0.0.1 as ::ffff:10.0.0.1.
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in settings.METRICS_ALLOWED_ADDRESSES)
