"""The table of threats in docs/security.md: every threat has a row, and every test that a row names is there."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
THREATS = {
    "child with the device",
    "sibling's token",
    "parent of another family",
    "stranger on the net",
    "stolen refresh token",
    "stolen API token",
    "staff with few rights",
    "someone with a dump",
    "hostile client behind the proxy",
}


def rows():
    """(who, what they try, what stops it, the tests) of each row; a row without a name belongs to the one above."""
    chapter = (PROJECT / "docs/security.md").read_text().partition("## Threats\n")[2].partition("\n## ")[0]
    found, who = [], ""
    for line in re.findall(r"^\|(.*)\|$", chapter, re.MULTILINE)[1:]:
        cells = [cell.strip() for cell in line.split("|")]
        who = cells[0].strip("*") or who
        found.append((who, *cells[1:]))
    return [row for row in found if not row[0].startswith("---")]


def names_in(path):
    tree = ast.parse((PROJECT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


ROWS = rows()


def test_every_threat_has_rows():
    assert {row[0] for row in ROWS} == THREATS
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=[re.sub(r"\W+", "-", f"{row[0]} {row[1]}")[:80] for row in ROWS])
def test_the_tests_of_a_row_exist(row):
    assert len(row) == 4
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[3])

    assert named, "a row names the test that shows it"
    for path, name in named:
        assert (PROJECT / path).exists(), path
        assert name in names_in(path), name
