"""The mark of views that need no thread of their own: `config/server/lean.py` answers them."""

from collections.abc import Callable
from typing import Final, TypeVar

MARK: Final = "is_lean"
View = TypeVar("View", bound=Callable[..., object])


def lean(view: View) -> View:
    """Mark a coroutine view that never uses a connection of its own request; below Ninja's decorator.

    It runs without Django's middleware, except `HOT_MIDDLEWARE`: no session, no CSRF check, no host check. It may
    stream (`StreamingHttpResponse` of an asynchronous iterator). Every operation of a path has the mark, or none.
    """
    setattr(view, MARK, True)
    return view


def is_lean(view: Callable[..., object]) -> bool:
    return bool(getattr(view, MARK, False))
