"""The columns of a statement are read by their names."""

from typing import NamedTuple

import pytest

from viewing.hotpath.threads import execute, execute_as

pytestmark = pytest.mark.usefixtures("committed")


class Pair(NamedTuple):
    first: int
    second: str
    third: bool = False


@pytest.mark.parametrize("columns", ["1 AS first, 'b' AS second", "'b' AS second, 1 AS first"])
def test_a_field_is_the_column_of_its_name(columns):
    assert execute_as(Pair, f"SELECT {columns} FROM generate_series(1, 2)", {}) == [Pair(1, "b"), Pair(1, "b")]


@pytest.mark.parametrize(
    "columns", ["1 AS first, 'b' AS second, true AS third", "true AS third, 'b' AS second, 1 AS first"]
)
def test_a_column_comes_before_the_default(columns):
    assert execute_as(Pair, f"SELECT {columns}", {}) == [Pair(1, "b", third=True)]


@pytest.mark.parametrize("columns", ["1 AS first", "1 AS first, 'b' AS other", "1 AS first, 'b' AS second, 3 AS thrid"])
def test_a_column_that_is_missing_or_unknown_is_an_error(columns):
    with pytest.raises(ValueError, match=r"no fields for all|not in tuple"):
        execute_as(Pair, f"SELECT {columns}", {})


def test_no_rows_are_no_rows():
    assert execute_as(Pair, "SELECT 'b' AS second, 1 AS first WHERE false", {}) == []
    assert execute("SELECT 1 WHERE false", {}) == []
