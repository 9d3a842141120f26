"""Refusals: each has a code that docs/contract.md#error-codes lists, with its status and its sentence."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from viewing.errors import ANSWERS, Code, Refusal

PROJECT = Path(__file__).resolve().parent.parent.parent
SOURCES = [
    path
    for app in ("config", "parental", "viewing")
    for path in (PROJECT / app).rglob("*.py")
    if path != PROJECT / "viewing/errors.py"
]
CODES = get_args(Code)
# What makes a refusal, and the status that it gives it; None: that of the table.
STATUSES = {"Refusal": None, "poll_refused": 400}


def documented():
    """{(code, status): what the table says of it}."""
    text = (PROJECT / "docs/contract.md").read_text()
    chapter = re.search(r"^### Error codes$(.*?)^#", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.*) \|$", chapter.group(1), re.MULTILINE)
    return {(code, int(status)): sentence for code, status, sentence in rows}


def raised():
    """(code, status) of every refusal whose code the source spells out."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STATUSES:
                given = [word.value for word in node.keywords if word.arg == "status"]
                status = next(
                    (value.value for value in given if isinstance(value, ast.Constant)), STATUSES[node.func.id]
                )
                for code in [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]:
                    if code in CODES:
                        yield code, status or ANSWERS[code].status


def test_the_table_has_every_code_and_no_other():
    assert set(CODES) == ANSWERS.keys()
    assert list(CODES) == sorted(set(CODES))


def test_the_docs_list_every_code_and_no_other():
    assert {code for code, _ in documented()} == set(CODES)


def test_the_docs_list_the_status_of_every_refusal():
    found = set(raised())

    assert {("pin_wrong", 400), ("pin_wrong", 403), ("taken_over", 409)} <= found
    assert found | {(code, answer.status) for code, answer in ANSWERS.items()} == documented().keys()


def test_every_code_is_used():
    texts = (
        "".join(path.read_text() for path in SOURCES)
        + (PROJECT / "viewing/errors.py").read_text().partition("def access_denied")[2]
    )

    assert not [code for code in CODES if f'"{code}"' not in texts]


@pytest.mark.parametrize(
    ("refusal", "headers"),
    [
        (Refusal("busy"), {"Retry-After": "1"}),
        (Refusal("too_many_tries", retry_after_seconds=90), {"Retry-After": "90"}),
        (Refusal("unauthenticated"), {"WWW-Authenticate": "Bearer"}),
        (
            Refusal("pin_locked", until=datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)),
            {"X-Locked-Until": "2026-03-04T12:00:00.123+00:00"},
        ),
        (Refusal("access_denied"), {}),
        (Refusal("login_wrong"), {}),
    ],
)
def test_a_refusals_data_become_headers(refusal, headers):
    assert refusal.headers == headers


def test_a_sentence_and_a_status_of_its_own_replace_the_tables():
    refusal = Refusal("pin_wrong", "Current PIN is incorrect", status=400)

    assert (refusal.status, refusal.body) == (400, {"detail": "Current PIN is incorrect", "code": "pin_wrong"})
    assert str(refusal) == "Current PIN is incorrect"


def test_an_ended_session_names_its_reason_too():
    assert Refusal("taken_over").body == {"detail": "Session has ended", "code": "taken_over", "reason": "taken_over"}
