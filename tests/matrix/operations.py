"""The rows of the matrix: one per operation of the API. **A new operation needs one**, or `test_operations.py` fails.

    "POST /parental-controls/profiles/{profile_id}/pause": Row(PARENT_OF_PROFILE, body={"minutes": 30}),

The key is the method and the path below /api/v1, as in the OpenAPI schema. The policy (`policies.py`) says who gets
what. The body is what a caller sends; a function gets the ids that also fill the path (`Family.ids` in `cast.py`).
`answer` is what an accepted caller gets, if that is not 200: choose a body that needs no password hash.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.matrix.policies import (
    ANY_PARENT,
    ANY_TOKEN,
    ANYONE,
    AUTOMATION,
    ONLY_GATEWAY,
    ONLY_PLAYER,
    ONLY_STAFF,
    PARENT_OF_PROFILE,
    PARENT_OF_ROW,
    PLAYER,
    PLAYER_OF_PROFILE,
    PLAYER_OF_ROW,
    PLAYER_OR_PARENT,
    SERVICE,
    Answer,
    Policy,
)

Ids = dict[str, str]
BASE = "/api/v1"


@dataclass(frozen=True)
class Row:
    policy: Policy
    body: dict[str, Any] | Callable[[Ids], dict[str, Any]] | None = None
    answer: Answer = (200, None)
    # An id of another family and one that nobody has get different answers (docs/contract.md#session-end).
    reveals_ids: bool = False
    # Who may is a condition of the statement that writes, so a refused caller sends it too.
    decides_in_its_update: bool = False

    def json(self, ids: Ids) -> dict[str, Any] | None:
        return self.body(ids) if callable(self.body) else self.body


def heartbeat(ids: Ids) -> dict[str, Any]:
    return {"profile_id": ids["profile_id"], "title_id": ids["title_id"], "device_id": "tv"}


def exception(ids: Ids) -> dict[str, Any]:
    ahead = timezone.now().date() + timedelta(days=2)
    return {"profile_id": ids["profile_id"], "from_date": str(ahead), "name": "Trip", "changes": {"bedtime": None}}


LIMITS = "/parental-controls/profiles/{profile_id}/viewing-time"
PLAN = "/parental-controls/profiles/{profile_id}/plan"

ROWS: dict[str, Row] = {
    "POST /auth/register": Row(ANYONE, body={}, answer=(422, "invalid")),
    "POST /auth/login": Row(ANYONE, body={}, answer=(422, "invalid")),
    "POST /auth/refresh": Row(ANYONE, body={"refresh_token": "sgr_unknown"}, answer=(401, "refresh_invalid")),
    "POST /auth/logout": Row(ANY_PARENT, answer=(204, None)),
    "GET /auth/me": Row(ANY_PARENT),
    "GET /auth/logins": Row(ANY_PARENT),
    "DELETE /auth/logins": Row(ANY_PARENT),
    "DELETE /auth/logins/{login_id}": Row(PARENT_OF_ROW, answer=(204, None)),
    "GET /auth/profiles": Row(ANY_PARENT.also(AUTOMATION)),
    "POST /auth/profiles": Row(ANY_PARENT, body={"name": "Ada"}, answer=(201, None)),
    "POST /auth/profiles/{profile_id}/player-token": Row(
        PARENT_OF_PROFILE, body={"device_name": "TV"}, answer=(201, None)
    ),
    "DELETE /auth/player-tokens/{token_id}": Row(PARENT_OF_ROW, answer=(204, None)),
    "POST /auth/device/code": Row(ANYONE, body={}),
    "POST /auth/device/token": Row(ANYONE, body={"device_code": "sgq_unknown"}, answer=(400, "expired_token")),
    # A code belongs to no family until it is approved.
    "GET /auth/device/by-code/{user_code}": Row(ANY_PARENT, answer=(404, "not_found"), reveals_ids=True),
    "POST /auth/device/approve": Row(
        ANY_PARENT,
        body=lambda ids: {"user_code": ids["user_code"], "profile_ids": [ids["profile_id"]]},
        answer=(404, "not_found"),
        reveals_ids=True,
    ),
    "POST /auth/device/disconnect": Row(ONLY_PLAYER, body={"pin": "4711"}, answer=(400, "pin_none")),
    "GET /parental-controls/pin/status": Row(ANY_PARENT),
    # Each stops before a hash: the PIN is a common one, there is none to verify.
    "POST /parental-controls/pin": Row(ANY_PARENT, body={"new_pin": "1234"}, answer=(422, "invalid")),
    "POST /parental-controls/pin/verify": Row(ANY_PARENT, body={"pin": "4711"}, answer=(400, "pin_none")),
    "POST /parental-controls/pin/reset": Row(
        ANY_PARENT, body={"password": "irrelevant", "new_pin": "1234"}, answer=(422, "invalid")
    ),
    f"GET {LIMITS}": Row(PARENT_OF_PROFILE.also(AUTOMATION)),
    f"PUT {LIMITS}": Row(PARENT_OF_PROFILE, body={"weekday_limit_minutes": 60}),
    f"POST {LIMITS}/grant": Row(PLAYER_OR_PARENT.but({PLAYER: (403, "pin_required")}), body={"minutes": 30}),
    f"DELETE {LIMITS}/grant/{{grant_id}}": Row(PARENT_OF_PROFILE),
    "GET /viewing-time/state/{profile_id}": Row(PLAYER_OR_PARENT.also(AUTOMATION)),
    "GET /viewing-time/state": Row(ANY_PARENT.also(AUTOMATION)),
    # Streams are turned off here: those who may open one are refused last.
    "GET /viewing-time/events/{profile_id}": Row(PLAYER_OR_PARENT.also(AUTOMATION), answer=(503, "busy")),
    "GET /viewing-time/events": Row(ANY_PARENT.also(AUTOMATION), answer=(503, "busy")),
    "POST /requests/by/{profile_id}": Row(PLAYER_OF_PROFILE, body={"minutes": 30}, answer=(409, "request_open")),
    "GET /requests/by/{profile_id}": Row(PLAYER_OR_PARENT.also(AUTOMATION)),
    "DELETE /requests/{request_id}": Row(PLAYER_OF_ROW, answer=(204, None)),
    "GET /requests": Row(ANY_PARENT.also(AUTOMATION)),
    "POST /requests/answer/{request_id}": Row(PARENT_OF_ROW, body={"decision": "decline"}),
    "GET /parental-controls/profiles/{profile_id}/history": Row(PARENT_OF_PROFILE.also(AUTOMATION)),
    "GET /parental-controls/weekly-report": Row(ANY_PARENT.also(AUTOMATION)),
    f"GET {PLAN}": Row(PARENT_OF_PROFILE),
    f"PUT {PLAN}": Row(PARENT_OF_PROFILE, body={"week": {"limit_minutes": 600}}),
    f"GET {PLAN}/preview": Row(PARENT_OF_PROFILE),
    "GET /parental-controls/profiles/{profile_id}/explain": Row(PARENT_OF_PROFILE),
    "GET /parental-controls/family/calendar": Row(ANY_PARENT),
    "PUT /parental-controls/family/calendar": Row(ANY_PARENT, body={"weekend": ["friday", "saturday"]}),
    "GET /parental-controls/exceptions": Row(ANY_PARENT),
    "POST /parental-controls/exceptions": Row(PARENT_OF_PROFILE, body=exception, answer=(201, None)),
    "PUT /parental-controls/exceptions/{exception_id}": Row(PARENT_OF_ROW, body={"name": "Journey"}),
    "DELETE /parental-controls/exceptions/{exception_id}": Row(PARENT_OF_ROW, answer=(204, None)),
    "POST /parental-controls/lock": Row(PARENT_OF_PROFILE, body=lambda ids: {"profile_ids": [ids["profile_id"]]}),
    "DELETE /parental-controls/lock": Row(ANY_PARENT),
    "POST /viewing-time/heartbeat": Row(PLAYER_OR_PARENT, body=heartbeat),
    "POST /viewing-time/heartbeats": Row(ONLY_GATEWAY, body=lambda ids: {"heartbeats": [heartbeat(ids)]}),
    "GET /viewing-time/balance/{profile_id}": Row(PLAYER_OR_PARENT.also(AUTOMATION)),
    "GET /viewing-time/playback-eligible/{profile_id}": Row(PLAYER_OR_PARENT.also(AUTOMATION)),
    # 403 for another family's session and 404 for an unknown one, as in the earlier service.
    "POST /viewing-time/session/{session_id}/end": Row(PLAYER_OR_PARENT, reveals_ids=True, decides_in_its_update=True),
    "GET /catalog/titles": Row(ANY_TOKEN),
    "PUT /platform/accounts/{external_id}": Row(SERVICE["accounts"], body={}, answer=(201, None)),
    "GET /platform/accounts/{external_id}": Row(SERVICE["accounts"], answer=(404, "not_found")),
    "POST /platform/accounts/{external_id}/profiles/{profile_external_id}/player-token": Row(
        SERVICE["accounts"], body={"device_name": "TV"}, answer=(404, "not_found")
    ),
    "DELETE /platform/accounts/{external_id}": Row(SERVICE["accounts"], answer=(404, "not_found")),
    "POST /platform/accounts/{external_id}/restore": Row(SERVICE["accounts"], answer=(404, "not_found")),
    "DELETE /platform/accounts/{external_id}/profiles/{profile_external_id}": Row(
        SERVICE["accounts"], answer=(404, "not_found")
    ),
    "POST /platform/accounts/{external_id}/profiles/{profile_external_id}/restore": Row(
        SERVICE["accounts"], answer=(404, "not_found")
    ),
    "GET /platform/profiles/{profile_id}/explain": Row(SERVICE["read"]),
    "POST /platform/balances": Row(SERVICE["read"], body=lambda ids: {"profiles": [ids["profile_id"]]}),
    "PUT /platform/titles": Row(
        SERVICE["catalogue"], body={"titles": [{"external_id": "matrix", "name": "The Sandpit"}]}
    ),
    "POST /platform/titles/retire": Row(SERVICE["catalogue"], body={"external_ids": ["matrix"]}),
    "GET /webhooks/schemas": Row(ANYONE),
    "GET /admin/metrics": Row(ONLY_STAFF),
}
