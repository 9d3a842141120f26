"""The issuer that the tests of a module share."""

import pytest

from tests.issuer import issuer


@pytest.fixture(scope="module")
def shared():
    with issuer() as running:
        yield running
