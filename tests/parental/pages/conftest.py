"""Browsers for the tests of the pages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.parental.pages.visitors import Visitor


@pytest.fixture
def browse(server) -> Iterator[Callable[..., Visitor]]:
    """Opens a browser, logged in as the user that it is given."""
    opened: list[Visitor] = []

    def open_browser(user: Any = None) -> Visitor:
        opened.append(Visitor(server, user))
        return opened[-1]

    yield open_browser
    for visitor in opened:
        visitor.http.close()
