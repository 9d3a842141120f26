"""Which paths the lean handler answers: those of the views with the mark `@lean`, found in the URL patterns."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from ninja.operation import PathView

from perfmetrics.counting.lean import is_lean

View = Callable[..., object]
GROUP_NAME = re.compile(r"\(\?P<\w+>")


def find_lean_paths() -> Callable[[str], bool]:
    """A test whether a path is a lean view's, as cheap as a lookup in a set for those without a variable part.

    ImproperlyConfigured for a marked view that is no coroutine function, or that shares its path with an unmarked one.
    """
    fixed, prefixes, expressions = set(), set(), []
    for route, view in _routes(get_resolver().url_patterns):
        if _check_marks(route, view):
            prefix, *is_variable = route.split("<", 1)
            if is_variable:
                prefixes.add(f"/{prefix}")
                expressions.append(GROUP_NAME.sub("(?:", RoutePattern(f"/{route}", is_endpoint=True).regex.pattern))
            else:
                fixed.add(f"/{route}")
    literal = tuple(prefixes)
    matches = re.compile("|".join(expressions)).search

    def is_lean_path(path: str) -> bool:
        return path in fixed or (path.startswith(literal) and matches(path) is not None)

    return is_lean_path


def _routes(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, View]]:
    """Each view with its route below the root; expressions (`re_path`) stay as they are, for no lean view has one."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


def _check_marks(route: str, view: View) -> bool:
    marked = [(function, is_lean(function)) for function in _functions(view)]
    if not any(is_marked for _, is_marked in marked):
        return False
    for function, is_marked in marked:
        if not is_marked:
            raise ImproperlyConfigured(f"/{route}: {function.__name__} must be @lean as the others of its path.")
        if not iscoroutinefunction(function):
            raise ImproperlyConfigured(f"/{route}: {function.__name__} is @lean, so it must be a coroutine function.")
    return True


def _functions(view: View) -> list[View]:
    """The view; or the functions of the operations behind it, which Ninja keeps in the closure of what it makes."""
    if inspect.isfunction(view):
        path_view = inspect.getclosurevars(view).nonlocals.get("self")
        if isinstance(path_view, PathView):
            return [operation.view_func for operation in path_view.operations]
    return [view]
