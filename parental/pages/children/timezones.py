"""Timezones as a person writes them: "Europe/Berlin", "berlin", "New York", "São Paulo"."""

import re
import unicodedata
from collections import defaultdict
from functools import cache
from importlib import resources

from viewing import rules


@cache
def suggestions() -> tuple[str, ...]:
    """What a form proposes, by name: places, and UTC."""
    places = (name for name in rules.timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ("UTC", *sorted(places))


def find(written: str) -> str | None:
    """The IANA name that is meant, or None: by its whole name, or by its place alone where only one zone has it.

    Case, accents and punctuation do not matter, and two names of one zone are one.
    """
    if rules.is_timezone(written):
        return written
    return _by_folded().get(_folded(written))


@cache
def _by_folded() -> dict[str, str]:
    named = defaultdict(set)
    for name in suggestions():
        named[_folded(name.rpartition("/")[2])].add(name)
    places = {place: zone for place, names in named.items() if (zone := _only_zone(names))}
    words = {_folded(name): name for name in rules.timezones() if name.isalpha()}
    return words | places | {_folded(name): name for name in suggestions()}


def _only_zone(names: set[str]) -> str | None:
    """The name to use where all of these are names of one zone: its main one, which the others are linked to."""
    zones = {_links().get(name, name) for name in names}
    return zones.pop() if len(zones) == 1 else None


@cache
def _links() -> dict[str, str]:
    """The main name of the zone of each alias, from the IANA source in the tzdata package; `zoneinfo` has no such."""
    source = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8")
    links = {alias: name for name, alias in re.findall(r"^L (\S+) (\S+)$", source, re.MULTILINE)}
    # This host's zones may be those of an older release.
    return {alias: name for alias, name in links.items() if rules.is_timezone(name)}


def _folded(written: str) -> str:
    decomposed = unicodedata.normalize("NFKD", written.casefold())
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub(r"[^\w/]+|_+", "_", letters.replace(".", "").strip()).strip("_")
