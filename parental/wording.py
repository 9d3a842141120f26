"""How durations, moments and names are said to a parent."""

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from viewing.playback.wording import duration, moment

__all__ = ["duration", "listed", "moment", "with_names"]


def listed(names: Sequence[str]) -> str:
    """ "Mia", "Mia and Ben", "Mia, Ben and Ada"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(names)s and %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}


def with_names(sentence: str, **names: str) -> SafeString:
    """The sentence as HTML: each `{key}` becomes that name, which does not turn the direction of what is next to it."""
    return format_html(sentence, **{key: format_html("<bdi>{}</bdi>", name) for key, name in names.items()})
