"""Every path of the service, from the URL patterns."""

import re
import uuid

from django.urls import get_resolver
from django.urls.resolvers import RoutePattern, URLResolver

VALUES = {"uuid": str(uuid.UUID(int=7)), "int": "1"}


def every_path(**values):
    """One path for each pattern; a variable part has its value by name, or one that nothing has."""
    return sorted({f"/{path}" for path in _paths(get_resolver().url_patterns, values)})


def _paths(patterns, values, before=""):
    for pattern in patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            continue  # the admin's last one, for what is not found
        path = before + re.sub(r"<(?:(\w+):)?(\w+)>", lambda part: _value(part, values), str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _paths(pattern.url_patterns, values, path)
        else:
            yield path


def _value(part, values):
    kind, name = part.groups()
    known = values.get(name) or (VALUES["uuid"] if name.endswith("_id") else None)
    return str(known or VALUES.get(kind, "x"))
