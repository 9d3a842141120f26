"""A family in Berlin with one child, and its parent's browser."""

import pytest

from tests.parental.plans.berlin import make_house


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


@pytest.fixture
def parent(house, browse):
    return browse(house.home.parent.user)
