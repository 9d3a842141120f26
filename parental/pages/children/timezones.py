"""Timezones as a person writes them: "Europe/Berlin", "berlin", "new york"."""

from functools import cache

from viewing import rules


@cache
def suggestions() -> tuple[str, ...]:
    """What a form proposes, by name: places, and UTC."""
    places = (name for name in rules.timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ("UTC", *sorted(places))


def find(written: str) -> str | None:
    """The IANA name that is meant, by its whole name or by its place alone where only one is so called."""
    if rules.is_timezone(written):
        return written
    return _by_folded().get(_folded(written))


@cache
def _by_folded() -> dict[str, str]:
    found: dict[str, str] = {}
    ambiguous = set()
    for name in suggestions():
        place = _folded(name.rpartition("/")[2])
        if place in found:
            ambiguous.add(place)
        found[place] = name
    for place in ambiguous:
        del found[place]
    return found | {_folded(name): name for name in suggestions()}


def _folded(written: str) -> str:
    return "_".join(written.strip().casefold().split())
