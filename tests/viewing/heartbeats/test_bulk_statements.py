"""What bulk heartbeats cost the database, read from PostgreSQL's log."""

import pytest

from perfmetrics.counting.cache import counted
from tests.families import make_gateway, make_player, make_title, make_user
from tests.statements import statements


@pytest.fixture
def children(server):
    user, title = make_user(), make_title()
    return [make_player(user, title=title) for _ in range(1000)]


def begin(http, gateway, children):
    results = gateway.results(http, [child.body(sequence=1) for child in children])
    return [result["body"]["session_id"] for result in results]


def test_1000_warm_beats_cost_less_than_a_hundredth_of_a_statement_each(http, children):
    gateway = make_gateway()
    ids = begin(http, gateway, children)
    bodies = [child.body(session_id=id_, sequence=2) for child, id_ in zip(children, ids, strict=True)]

    with statements() as sent:
        results = gateway.results(http, bodies)

    # 4 batches of at most 256, or 5 where the first one began with the first turn: each one statement
    assert {result["body"]["used_minutes"] for result in results} == {1.0}
    assert 4 <= len(sent) <= 5, len(sent)
    assert set(sent.applications) == {"sandglass-hotpath"}


def test_1000_cold_beats_cost_less_than_three_hundredths_of_a_statement_each(http, children):
    gateway = make_gateway()
    ids = begin(http, gateway, children)
    bodies = [child.body(session_id=id_, sequence=2) for child, id_ in zip(children, ids, strict=True)]
    for alias in ("profiles", "titles", "gateways"):
        counted(alias).clear()

    with statements() as sent:
        results = gateway.results(http, bodies)

    # the token; then each of 8 turns reads what it misses in one statement; at most 8 batches
    assert {result["status"] for result in results} == {200}
    reads = [statement for statement in sent.all if "viewing_viewingtimeconfig" in statement]
    assert len(reads) == 8
    assert len(sent) <= 1 + 8 + 8, len(sent)
    assert len(sent) / 1000 < 0.03


def test_beats_of_one_profile_read_its_limits_once(http, children):
    gateway = make_gateway()
    counted("profiles").clear()

    with statements() as sent:
        gateway.results(http, [children[0].body(device_id=str(n)) for n in range(10)])

    # 1. the token  2. the limits and the title  3.-12. ten beats, one after the other
    assert sum("viewing_viewingtimeconfig" in statement for statement in sent.all) == 1
    assert len(sent) == 12, sent
