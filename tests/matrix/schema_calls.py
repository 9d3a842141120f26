"""Requests made from the OpenAPI schema, valid and not, alone and in sequences: every answer is a documented one."""

import json
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.api import api
from tests.matrix.callers import CALLERS
from tests.matrix.cast import make_cast
from tests.matrix.operations import BASE, ROWS
from tests.matrix.policies import SERVICES

NIGHTLY = os.environ.get("NIGHTLY") == "true"
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
# Whom an operation is for: the first of these whom it accepts.
SENDERS = ("parent", "player of the profile", "gateway", *SERVICES.values(), "superuser")
# In clients' order: what a call returns is what the next one names.
LINKS = {
    "POST /auth/profiles": {
        "limits": ("GET /parental-controls/profiles/{profile_id}/viewing-time", {"profile_id": "$response.body#/id"}),
        "device": ("POST /auth/profiles/{profile_id}/player-token", {"profile_id": "$response.body#/id"}),
        "grant": (
            "POST /parental-controls/profiles/{profile_id}/viewing-time/grant",
            {"profile_id": "$response.body#/id"},
        ),
        "change": ("PUT /parental-controls/profiles/{profile_id}/viewing-time", {"profile_id": "$response.body#/id"}),
        "balance": ("GET /viewing-time/balance/{profile_id}", {"profile_id": "$response.body#/id"}),
        "history": ("GET /parental-controls/profiles/{profile_id}/history", {"profile_id": "$response.body#/id"}),
        "plan": ("PUT /parental-controls/profiles/{profile_id}/plan", {"profile_id": "$response.body#/id"}),
        "explain": ("GET /parental-controls/profiles/{profile_id}/explain", {"profile_id": "$response.body#/id"}),
    },
    "POST /auth/profiles/{profile_id}/player-token": {
        "revoke": ("DELETE /auth/player-tokens/{token_id}", {"token_id": "$response.body#/token_id"}),
    },
    "POST /parental-controls/profiles/{profile_id}/viewing-time/grant": {
        "take back": (
            "DELETE /parental-controls/profiles/{profile_id}/viewing-time/grant/{grant_id}",
            {"profile_id": "$request.path.profile_id", "grant_id": "$response.body#/grant_id"},
        ),
        "balance": ("GET /viewing-time/balance/{profile_id}", {"profile_id": "$request.path.profile_id"}),
    },
    "POST /parental-controls/exceptions": {
        "move": ("PUT /parental-controls/exceptions/{exception_id}", {"exception_id": "$response.body#/id"}),
        "remove": ("DELETE /parental-controls/exceptions/{exception_id}", {"exception_id": "$response.body#/id"}),
    },
    "POST /viewing-time/heartbeat": {
        "end": ("POST /viewing-time/session/{session_id}/end", {"session_id": "$response.body#/session_id"}),
    },
}
pytestmark = [
    pytest.mark.usefixtures("quick_hashes", "no_waiting", "no_streams"),
    # The server runs in a thread of this process, and may use it.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]


@pytest.fixture
def no_streams(settings: Any) -> None:
    """Those of events have no end: each is refused, with a documented answer."""
    settings.EVENTS_MAX_STREAMS = 0


def bounded(examples: int, **more: Any) -> hypothesis_settings:
    """The same examples in every run."""
    return hypothesis_settings(
        max_examples=examples * (50 if NIGHTLY else 1),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        **more,
    )


def linked(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the links, which are the tests' own: clients have no use for them."""
    for source, links in LINKS.items():
        method, path = source.split()
        responses = document["paths"][BASE + path][method.lower()]["responses"]
        accepted = next(response for status, response in responses.items() if int(status) < 300)
        for name, (target, parameters) in links.items():
            target_method, target_path = target.split()
            operation = document["paths"][BASE + target_path][target_method.lower()]["operationId"]
            accepted.setdefault("links", {})[name] = {"operationId": operation, "parameters": parameters}
    return document


@pytest.fixture(scope="module")
def schema(committed):
    return schemathesis.openapi.from_dict(linked(json.loads(json.dumps(api.get_openapi_schema(), default=str))))


def caller_of(operation: str) -> str:
    """Someone whom it is for."""
    accepted = ROWS[operation].policy.accepted
    return next(name for name in SENDERS if CALLERS[name].role in accepted)


def check(operation: str, case: Any, response: Any) -> None:
    """A documented answer, and no 5xx except where the row says so: a stream that is refused for want of room."""
    is_refused = ROWS[operation].answer == (response.status_code, "busy")
    case.validate_response(response, checks=CHECKS if is_refused else [not_a_server_error, *CHECKS])


def with_known(value: Any, ids: dict[str, str]) -> Any:
    """The same, with ids that exist where it has some."""
    if isinstance(value, dict):
        known = {**ids, "profile_ids": [ids["profile_id"]], "profiles": [ids["profile_id"]]}
        return {key: known[key] if key in known else with_known(inner, ids) for key, inner in value.items()}
    return [with_known(inner, ids) for inner in value] if isinstance(value, list) else value


def modes_for(path: str, target: Any) -> list[schemathesis.GenerationMode]:
    """Valid requests, and invalid ones where something can be invalid."""
    positive, negative = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    return [positive, negative] if len(target.body) or len(target.query) or "{" in path else [positive]


@pytest.mark.nightly
@pytest.mark.parametrize("operation", ROWS)
def test_every_answer_is_documented(server, schema, operation):
    method, path = operation.split()
    cast = make_cast()
    ids, sent = cast.family.ids, CALLERS[caller_of(operation)].send(cast)
    target = schema[BASE + path][method.lower()]

    def ask(case: Any, knows_ids: bool) -> None:
        if knows_ids:
            case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
            case.body = with_known(case.body, ids)
        case.headers = {"Content-Type": case.media_type or "application/json"}
        check(operation, case, case.call(base_url=server, headers=dict(sent.headers)))

    for mode in modes_for(path, target):
        bounded(3)(given(case=target.as_strategy(generation_mode=mode), knows_ids=st.booleans())(ask))()


@pytest.mark.nightly
def test_every_answer_in_a_sequence_of_calls_is_documented(server, schema):
    class Calls(schema.as_state_machine()):  # type: ignore[misc]
        """A parent's: each sequence begins with a family of its own."""

        def setup(self) -> None:
            self.cast = make_cast()
            self.sent = {name: CALLERS[name].send(self.cast).headers for name in SENDERS}

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            caller = caller_of(f"{case.method} {case.path.removeprefix(BASE)}")
            return {"base_url": server, "headers": dict(self.sent[caller])}

        def validate_response(self, response: Any, case: Any, **_kwargs: Any) -> None:
            check(f"{case.method} {case.path.removeprefix(BASE)}", case, response)

    Calls.run(settings=bounded(6, stateful_step_count=6))
