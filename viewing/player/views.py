"""The player page: what a child's device opens to watch (docs/api.md#the-built-in-player).

The page is the same for everyone and knows nobody: who watches is proven by the player token that the browser keeps and
sends to the API.
"""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from viewing.player.texts import reasons, texts

# How many times faster than real the demo may send beats. Only in development: each of them counts 30 s.
SPEEDS: Final = (1, 10, 60)
GRANTS_MINUTES: Final = (15, 30, 60)


@require_safe
def player(request: HttpRequest) -> HttpResponse:
    """The page at /player/."""
    context = {
        "texts": texts(),
        "reasons": reasons(),
        "speeds": SPEEDS if settings.DEBUG else (),
        "grants": GRANTS_MINUTES,
    }
    return render(request, "viewing/player.html", context)
