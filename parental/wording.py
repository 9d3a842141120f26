"""How durations, moments and names are said to a parent."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from viewing.playback.wording import duration, moment

__all__ = ["duration", "moment", "with_names"]


def with_names(sentence: str, **names: str) -> SafeString:
    """The sentence as HTML: each `{key}` becomes that name, which does not turn the direction of what is next to it."""
    return format_html(sentence, **{key: format_html("<bdi>{}</bdi>", name) for key, name in names.items()})
