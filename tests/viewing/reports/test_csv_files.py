"""CSV files: nothing in a cell becomes a formula, however a spreadsheet splits the line."""

import csv
import re
import uuid
from io import StringIO

import pytest

from viewing.reports import csv_files

FORMULA = re.compile(r"[=+\-@＝＋－＠]")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ('x;=HYPERLINK("http://evil.example")', 'x;\'=HYPERLINK("http://evil.example")'),
        ('x;"=1+1"', 'x;"\'=1+1"'),
        ("a\t=1", "a\t'=1"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a\r\n@SUM(1)", "a\r\n'@SUM(1)"),
        ("a\u2028-1", "a\u2028'-1"),
        ("a;＝1", "a;'＝1"),
        ("a;=1;+2", "a;'=1;'+2"),
        ("=1;=2", "'=1;'=2"),
        ("\t=1", "'\t'=1"),
        ("\n", "'\n"),
    ],
)
def test_a_formula_is_made_text_wherever_a_cell_may_begin(text, safe):
    assert csv_files.guarded(text) == safe


@pytest.mark.parametrize(
    "text", ["", "2 = 2", "Mia's day", "Tom; Jerry", "one\ntwo", "a-b", "7 + 1; 8", "x; =1", "a,=1"]
)
def test_other_text_stays_as_it_is(text):
    assert csv_files.guarded(text) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_NONE])
@pytest.mark.parametrize("title", ['x;=HYPERLINK("a")', 'x;"=1"', "x\t+1", 'a\n=1+1,"b"', 'a\r\n"@b"', ";=1"])
def test_no_way_to_split_the_line_finds_a_formula(delimiter, quoting, title):
    written = csv_files.lines([("2026-03-04", title, 1.5)])

    found = [
        cell for row in csv.reader(StringIO(written, newline=""), delimiter=delimiter, quoting=quoting) for cell in row
    ]

    assert len(found) > 1 or delimiter != ","
    assert not [cell for cell in found if FORMULA.match(cell.lstrip('"'))]


def test_ids_and_numbers_are_not_mistaken_for_formulas():
    assert csv_files.lines([(uuid.UUID(int=0), -1.5, None, True)]) == f"{uuid.UUID(int=0)},-1.5,,true\r\n"
