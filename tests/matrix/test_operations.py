"""Each operation of the API, called by each kind of caller (`callers.py`): the answers of its row (`operations.py`)."""

import re
from uuid import uuid4

import pytest

from config.api import api
from tests.matrix.callers import CALLERS
from tests.matrix.cast import make_cast, make_family
from tests.matrix.operations import BASE, ROWS
from tests.matrix.policies import ONLY_GATEWAY
from tests.statements import statements

WRITES = re.compile(r"\s*(?:WITH\b.*)?\b(INSERT INTO|UPDATE|DELETE FROM)\s", re.IGNORECASE | re.DOTALL)
# That a token or a session is in use is noted, whatever it is used for.
NOTED = re.compile(r"viewing_(player|gateway|service)token|parental_(tokenfamily|apitoken)|django_session")
ID = re.compile(r"{(\w+)}")


@pytest.fixture(autouse=True)
def no_streams(settings):
    """A stream would never end."""
    settings.EVENTS_MAX_STREAMS = 0


@pytest.fixture(scope="module")
def schema():
    """Of each "METHOD /path" its part of the OpenAPI schema."""
    return {
        f"{method.upper()} {path.removeprefix(BASE)}": operation
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method, operation in methods.items()
    }


def call(http, operation, ids, sent=None):
    method, path = operation.split()
    missing = set(ID.findall(path)) - ids.keys()
    assert not missing, f"{operation}: add {missing} to Family.ids in tests/matrix/cast.py"
    http.cookies.clear()
    return http.request(
        method,
        BASE + path.format(**ids),
        json=ROWS[operation].json(ids),
        headers=sent.headers if sent else None,
        params=sent.query if sent else None,
    )


def said(response):
    is_refusal = response.status_code >= 400
    return response.status_code, response.json()["code"] if is_refusal else None


def test_every_operation_has_a_row(schema):
    assert not schema.keys() - ROWS.keys(), "Add a row to ROWS in tests/matrix/operations.py: who may call it?"
    assert not ROWS.keys() - schema.keys(), "Rows without an operation"
    assert len(schema) > 25


def test_the_callers_are_all_there():
    assert len(CALLERS) >= 20
    assert {"parent", "player of the profile", "gateway", "superuser", "no token"} <= CALLERS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("operation", ROWS)
def test_each_caller_is_answered_as_the_row_says(http, schema, operation):
    row, cast = ROWS[operation], make_cast()
    ids = cast.family.ids
    senders = [(name, caller.role, caller.send(cast)) for name, caller in CALLERS.items()]
    # First those that are refused: what an accepted call ends refuses nobody.
    refused = [sender for sender in senders if sender[1] not in row.policy.accepted]
    accepted = [sender for sender in senders if sender[1] in row.policy.accepted]

    with statements() as asked:
        answers = {name: said(call(http, operation, ids, sent)) for name, _, sent in refused}
    answers |= {name: said(call(http, operation, ids, sent)) for name, _, sent in accepted}

    assert answers == {name: row.policy.expected(role, row.answer) for name, role, _ in senders}
    documented = {int(status) for status in schema[operation]["responses"]}
    assert {status for status, _ in answers.values()} <= documented, "a status that the schema does not list"
    written = [text for text in asked.all if WRITES.match(text) and not NOTED.search(text)]
    assert not written or row.decides_in_its_update, "a refused caller wrote"


# Those that name a profile or something that belongs to one.
WITH_IDS = [operation for operation, row in ROWS.items() if "{" in operation or callable(row.body)]
HIDDEN = [operation for operation in WITH_IDS if not ROWS[operation].reveals_ids]


@pytest.fixture(scope="module")
def cast(committed):
    return make_cast()


@pytest.mark.slow
@pytest.mark.parametrize("caller", ["parent", "player of the profile", "gateway"])
@pytest.mark.parametrize("operation", HIDDEN)
def test_an_id_of_another_family_is_answered_as_one_that_nobody_has(http, cast, operation, caller):
    """By the same number of statements too, so that the time to answer does not show which ids exist."""
    if caller == "gateway" and ROWS[operation].policy is ONLY_GATEWAY:
        pytest.skip("a gateway sends heartbeats of every family")
    sent, other = CALLERS[caller].send(cast), make_family().ids
    unknown = {**{name: str(uuid4()) for name in other}, "title_id": other["title_id"]}
    call(http, operation, unknown, sent)  # whose token it is, is cached from here on

    with statements() as for_theirs:
        theirs = call(http, operation, other, sent)
    with statements() as for_unknown:
        nobodys = call(http, operation, unknown, sent)

    assert theirs.status_code in {403, 404}
    assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json())
    assert len(for_theirs) == len(for_unknown), (for_theirs.all, for_unknown.all)
