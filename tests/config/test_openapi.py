"""The OpenAPI schema has every call with every status of docs/contract.md; its page needs no other host."""

import re

import pytest
from django.contrib.staticfiles import finders
from ninja import Schema

from config.api import api

DEVICE = "/api/v1/auth/device"
OPEN = {
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    f"{DEVICE}/code",
    f"{DEVICE}/token",
}
PARENTAL = "/api/v1/parental-controls"
PLATFORM = "/api/v1/platform"
LIMITS = f"{PARENTAL}/profiles/{{profile_id}}/viewing-time"
CALLS = {
    ("post", "/api/v1/viewing-time/heartbeat"): {200, 400, 401, 403, 404, 409, 413, 422, 429, 503},
    ("get", "/api/v1/viewing-time/balance/{profile_id}"): {200, 401, 403, 422, 503},
    ("get", "/api/v1/viewing-time/playback-eligible/{profile_id}"): {200, 401, 403, 404, 422, 503},
    ("post", "/api/v1/viewing-time/session/{session_id}/end"): {200, 401, 403, 404, 422, 503},
    ("get", "/api/v1/catalog/titles"): {200, 401, 403, 404, 422, 503},
    ("post", "/api/v1/auth/register"): {201, 400, 404, 409, 413, 422, 429, 503},
    ("post", "/api/v1/auth/login"): {200, 400, 401, 404, 413, 422, 429, 503},
    ("post", "/api/v1/auth/refresh"): {200, 400, 401, 413, 422, 503},
    ("post", f"{DEVICE}/code"): {200, 400, 413, 422, 429, 503},
    ("post", f"{DEVICE}/token"): {200, 400, 413, 422, 503},
    ("get", f"{DEVICE}/by-code/{{user_code}}"): {200, 401, 403, 404, 409, 422, 429, 503},
    ("post", f"{DEVICE}/approve"): {200, 400, 401, 403, 404, 409, 413, 422, 429, 503},
    ("post", f"{DEVICE}/disconnect"): {204, 400, 401, 403, 413, 422, 429, 503},
    ("get", "/api/v1/auth/me"): {200, 401, 403, 503},
    ("get", "/api/v1/auth/profiles"): {200, 401, 403, 503},
    ("post", "/api/v1/auth/profiles"): {201, 400, 401, 403, 413, 422, 503},
    ("post", "/api/v1/auth/profiles/{profile_id}/player-token"): {201, 400, 401, 403, 413, 422, 503},
    ("delete", "/api/v1/auth/player-tokens/{token_id}"): {204, 401, 403, 422, 503},
    ("get", f"{PARENTAL}/pin/status"): {200, 401, 403, 503},
    ("post", f"{PARENTAL}/pin"): {200, 400, 401, 403, 413, 422, 429, 503},
    ("post", f"{PARENTAL}/pin/verify"): {200, 400, 401, 403, 413, 422, 429, 503},
    ("post", f"{PARENTAL}/pin/reset"): {200, 400, 401, 403, 404, 413, 422, 429, 503},
    ("get", f"{LIMITS}"): {200, 401, 403, 422, 503},
    ("put", f"{LIMITS}"): {200, 400, 401, 403, 413, 422, 503},
    ("post", f"{LIMITS}/grant"): {200, 400, 401, 403, 409, 413, 422, 429, 503},
    ("delete", f"{LIMITS}/grant/{{grant_id}}"): {200, 401, 403, 404, 409, 422, 503},
    ("get", f"{PARENTAL}/profiles/{{profile_id}}/history"): {200, 401, 403, 422, 503},
    ("post", "/api/v1/viewing-time/heartbeats"): {200, 400, 401, 403, 413, 422, 503},
    ("get", f"{PARENTAL}/weekly-report"): {200, 401, 403, 422, 503},
    ("post", "/api/v1/requests/by/{profile_id}"): {200, 201, 400, 401, 403, 409, 413, 422, 429, 503},
    ("get", "/api/v1/requests/by/{profile_id}"): {200, 401, 403, 422, 503},
    ("delete", "/api/v1/requests/{request_id}"): {204, 401, 403, 404, 409, 422, 503},
    ("get", "/api/v1/requests"): {200, 401, 403, 422, 503},
    ("post", "/api/v1/requests/answer/{request_id}"): {200, 400, 401, 403, 404, 409, 413, 422, 503},
    ("get", "/api/v1/admin/metrics"): {200, 401, 403, 503},
    ("put", f"{PLATFORM}/accounts/{{external_id}}"): {200, 201, 400, 401, 403, 409, 413, 422, 503},
    ("get", f"{PLATFORM}/accounts/{{external_id}}"): {200, 401, 403, 404, 422, 503},
    ("delete", f"{PLATFORM}/accounts/{{external_id}}"): {202, 401, 403, 404, 422, 503},
    ("post", f"{PLATFORM}/accounts/{{external_id}}/restore"): {200, 401, 403, 404, 409, 422, 503},
    ("delete", f"{PLATFORM}/accounts/{{external_id}}/profiles/{{profile_external_id}}"): {202, 401, 403, 404, 422, 503},
    ("get", f"{PLATFORM}/profiles/{{profile_id}}/explain"): {200, 401, 403, 404, 422, 503},
    ("put", f"{PLATFORM}/titles"): {200, 400, 401, 403, 413, 422, 503},
    ("post", f"{PLATFORM}/titles/retire"): {200, 400, 401, 403, 413, 422, 503},
    ("post", f"{PLATFORM}/balances"): {200, 400, 401, 403, 413, 422, 503},
}

# Names in generated clients: none may change.
OPERATIONS = {
    "parental_api_create_player_token",
    "parental_api_create_profile",
    "parental_api_list_profiles",
    "parental_api_login",
    "parental_api_me",
    "parental_api_refresh",
    "parental_api_register",
    "parental_api_revoke_player_token",
    "parental_limits_api_change_limits",
    "parental_limits_api_grant",
    "parental_limits_api_read_limits",
    "parental_limits_api_take_back_grant",
    "parental_pairing_api_approve",
    "parental_pairing_api_disconnect",
    "parental_pairing_api_fetch_tokens",
    "parental_pairing_api_find_code",
    "parental_pairing_api_request_code",
    "parental_pin_api_pin_status",
    "parental_pin_api_reset_pin",
    "parental_pin_api_set_pin",
    "parental_pin_api_verify_pin",
    "parental_reports_api_profile_history",
    "parental_reports_api_weekly_report",
    "perfmetrics_api_admin_metrics",
    "platform_issue_player_token",
    "platform_get_account",
    "platform_put_account",
    "platform_erase_account",
    "platform_erase_profile",
    "platform_explain_profile",
    "platform_put_titles",
    "platform_restore_account",
    "platform_restore_profile",
    "platform_retire_titles",
    "platform_read_balances",
    "viewing_api_balance",
    "viewing_api_end_session",
    "viewing_api_heartbeat",
    "viewing_api_heartbeats",
    "viewing_api_playback_eligible",
    "viewing_api_titles",
}


@pytest.fixture
def schema(http):
    response = http.get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    return response.json()


def fields_of(schema, name):
    return schema["components"]["schemas"][name]["properties"]


def operations(schema):
    return [operation for methods in schema["paths"].values() for operation in methods.values()]


def test_every_call_is_listed_with_every_status(schema):
    for (method, path), statuses in CALLS.items():
        listed = {int(status) for status in schema["paths"][path][method]["responses"]}
        assert statuses <= listed, f"{method} {path} lacks {statuses - listed}"


def test_no_call_has_a_status_that_the_players_calls_do_not_answer(schema):
    for (method, path), statuses in list(CALLS.items())[:5]:
        assert {int(status) for status in schema["paths"][path][method]["responses"]} == statuses


def test_every_answer_with_a_body_has_a_schema(schema):
    for operation in operations(schema):
        for status, response in operation["responses"].items():
            assert status == "204" or response["content"]["application/json"]["schema"]


def test_streams_of_events_say_what_they_are(schema):
    for path in ("/api/v1/viewing-time/events", "/api/v1/viewing-time/events/{profile_id}"):
        assert "text/event-stream" in schema["paths"][path]["get"]["responses"]["200"]["content"]


def test_every_refusal_has_a_detail_and_a_code(schema):
    for operation in operations(schema):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                reference = response["content"]["application/json"]["schema"]["$ref"]
                assert {"detail", "code"} <= fields_of(schema, reference.rsplit("/", 1)[1]).keys()


def test_calls_need_a_token_unless_they_are_open(schema):
    for method, path in CALLS:
        assert bool(schema["paths"][path][method].get("security")) == (path not in OPEN), path
    schemes = schema["components"]["securitySchemes"].values()
    assert {(scheme["type"], scheme.get("scheme")) for scheme in schemes} == {("http", "bearer"), ("apiKey", None)}


def test_only_staffs_figures_are_open_to_a_session(schema):
    by_session = {
        path
        for path, methods in schema["paths"].items()
        for operation in methods.values()
        if any("StaffSession" in way for way in operation.get("security", []))
    }
    assert by_session == {"/api/v1/admin/metrics"}


def test_no_two_schemas_have_one_name():
    """In the document the second would replace the first, and an answer would not be what it says."""
    modules: dict[str, set[str]] = {}

    def collect(schema):
        for derived in schema.__subclasses__():
            if derived.__module__.split(".")[0] in {"config", "parental", "viewing", "perfmetrics"}:
                modules.setdefault(derived.__name__, set()).add(derived.__module__)
            collect(derived)

    collect(Schema)

    assert api.get_openapi_schema()["components"]["schemas"].keys() & modules.keys() > {"BalanceOut", "ExplainOut"}
    assert not {name: found for name, found in modules.items() if len(found) > 1}


def test_every_call_is_described_and_has_a_name_of_its_own(schema):
    names = [operation["operationId"] for operation in operations(schema)]

    assert len(names) == len(set(names))
    assert all(operation["description"] for operation in operations(schema))


def test_a_heartbeats_bounds_are_documented(schema):
    fields = fields_of(schema, "HeartbeatIn")

    assert (fields["device_id"]["minLength"], fields["device_id"]["maxLength"]) == (1, 100)
    assert (fields["device_type"]["enum"], fields["device_type"]["default"]) == (
        ["tv", "mobile", "tablet", "web"],
        "web",
    )
    whole, null = fields["sequence"]["anyOf"]
    assert (whole["type"], whole["minimum"], whole["maximum"], null["type"]) == ("integer", 0, 2**53 - 1, "null")
    required = schema["components"]["schemas"]["HeartbeatIn"]["required"]
    assert set(required) == {"profile_id", "title_id", "device_id"}


def test_a_heartbeats_answer_is_documented(schema):
    fields = fields_of(schema, "HeartbeatOut")

    assert set(fields) == {
        "session_id",
        "sentence",
        "enforcement",
        "remaining_minutes",
        "used_minutes",
        "is_educational",
        "reason",
        "next_reset_at",
        "next_allowed_at",
        "hours_kind",
        "note",
        "limited_by",
        "closes_at",
        "finishing",
        "finish_by",
        "can_finish",
    }
    assert set(fields["enforcement"]["enum"]) == {"allowed", "warning_15", "warning_5", "blocked"}


def test_a_bulks_bounds_and_results_are_documented(schema):
    beats = fields_of(schema, "HeartbeatsIn")["heartbeats"]
    answered, refused = fields_of(schema, "HeartbeatAnswered"), fields_of(schema, "HeartbeatRefused")

    assert (beats["minItems"], beats["maxItems"]) == (1, 1000)
    assert beats["items"]["$ref"].endswith("/HeartbeatIn")
    assert (answered["status"]["const"], answered["body"]["$ref"].rsplit("/", 1)[1]) == (200, "HeartbeatOut")
    assert set(refused) == {"status", "detail", "code", "reason"}
    assert refused["status"]["enum"] == [403, 404, 409, 422, 429, 503]


def test_the_page_needs_no_other_host(http):
    response = http.get("/api/v1/docs")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "://" not in response.text
    assets = re.findall(r'(?:src|href)="([^"]+)"', response.text)
    assert len(assets) >= 3
    for asset in assets:
        assert finders.find(asset.removeprefix("/static/")), asset


def test_the_page_reads_the_schema_that_is_served(http):
    assert '"/api/v1/openapi.json"' in http.get("/api/v1/docs").text


def test_no_operation_loses_its_name(schema):
    named = {call["operationId"] for path in schema["paths"].values() for call in path.values()}

    assert named >= OPERATIONS


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/v1/docs"])
def test_the_documents_are_rendered_once(http, monkeypatch, path):
    """Anyone may ask for them, and rendering the schema takes 0.3 s of the worker."""
    first = http.get(path)
    for function in ("config.api.api.get_openapi_schema", "ninja.openapi.docs.render"):
        monkeypatch.setattr(function, None)

    again = http.get(path)
    unchanged = http.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content, again.headers["ETag"]) == (200, first.content, first.headers["ETag"])
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert (unchanged.status_code, unchanged.content) == (304, b"")
