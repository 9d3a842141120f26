"""Refusals: why a request was not done. Their codes, with the status, sentence and headers of each, are one table here.

`config/api.py` makes the API's answer of a refusal; the parents' pages look at its code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

# Stable for ever: clients decide by them. Each is explained in docs/contract.md#error-codes.
Code = Literal[
    "access_denied",
    "answered",
    "authorization_pending",
    "bad_request",
    "broken_body",
    "busy",
    "caller",
    "code_used",
    "cooldown",
    "database",
    "day_over",
    "erasing",
    "expired",
    "expired_token",
    "grant_id_used",
    "internal",
    "invalid",
    "kids_fixed",
    "login_wrong",
    "method",
    "muted",
    "not_available",
    "not_found",
    "not_kids",
    "not_limited",
    "password_wrong",
    "past",
    "pin_locked",
    "pin_none",
    "pin_required",
    "pin_wrong",
    "plan_changed",
    "rate_limited",
    "refresh_invalid",
    "request_open",
    "scope",
    "session_ended",
    "session_foreign",
    "session_unknown",
    "slow_down",
    "staff_only",
    "taken",
    "taken_back",
    "taken_over",
    "title_unknown",
    "too_large",
    "too_many",
    "too_many_tries",
    "unauthenticated",
    "withdrawn",
]


class Refusal(Exception):
    """A documented refusal. `detail` and `status` stand in for those of the table where a code has several.

    `until`: the end of a lockout. `retry_after_seconds`: when to try again, where the code's answer says so.
    """

    # The body has the code as `error` too, as RFC 8628 calls it (`poll_refused`).
    is_poll = False
    # What the answer's body adds, as JSON: the present state of what was changed or answered by someone else.
    fields: Mapping[str, object] = MappingProxyType({})

    def __init__(
        self,
        code: Code,
        detail: str | None = None,
        *,
        status: int | None = None,
        until: datetime | None = None,
        retry_after_seconds: int = 1,
    ) -> None:
        answer = ANSWERS[code]
        self.code = code
        self.detail = answer.detail if detail is None else detail
        self.status = status or answer.status
        self.until = until
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.detail)

    @property
    def headers(self) -> dict[str, str]:
        return ANSWERS[self.code].headers(self)

    @property
    def body(self) -> dict[str, object]:
        """The JSON body of the API's answer."""
        body: dict[str, object] = {"detail": self.detail, "code": self.code, **self.fields}
        if self.is_poll:
            body["error"] = self.code
        return body | {"reason": self.code} if ANSWERS[self.code].has_reason else body


def _no_headers(_refusal: Refusal) -> dict[str, str]:
    return {}


def _challenge(_refusal: Refusal) -> dict[str, str]:
    return {"WWW-Authenticate": "Bearer"}


def _locked_until(refusal: Refusal) -> dict[str, str]:
    # To the millisecond, as in JSON.
    return {"X-Locked-Until": refusal.until.isoformat(timespec="milliseconds")} if refusal.until else {}


def _retry_after(refusal: Refusal) -> dict[str, str]:
    return {"Retry-After": str(refusal.retry_after_seconds)}


def _retry_after_if_limited(refusal: Refusal) -> dict[str, str]:
    return _retry_after(refusal) if refusal.status == 429 else {}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a refusal of a code is answered."""

    status: int
    detail: str
    headers: Callable[[Refusal], dict[str, str]] = _no_headers
    has_reason: bool = False  # the body has the code as `reason` too, which is older


ANSWERS: Final[dict[Code, Answer]] = {
    "authorization_pending": Answer(400, "No parent has approved the code yet"),
    "bad_request": Answer(400, "Bad Request"),
    "broken_body": Answer(400, "Cannot parse request body"),
    "expired_token": Answer(400, "The code has expired"),
    "slow_down": Answer(400, "Wait longer before asking again"),
    "pin_none": Answer(400, "No PIN set"),
    "login_wrong": Answer(401, "Invalid email or password"),
    "password_wrong": Answer(401, "Incorrect account password"),
    "refresh_invalid": Answer(401, "Invalid or expired refresh token"),
    "unauthenticated": Answer(401, "Invalid or missing token", _challenge),
    # The same for a profile of another account and for one that does not exist, so that ids cannot be probed.
    "access_denied": Answer(403, "Profile not found or access denied"),
    "caller": Answer(403, "A player token cannot do this"),
    "pin_locked": Answer(403, "PIN locked due to too many failed attempts", _locked_until),
    "pin_required": Answer(403, "Valid PIN token required"),
    "pin_wrong": Answer(403, "Incorrect PIN", _locked_until),
    "scope": Answer(403, "This token cannot do this"),
    "session_foreign": Answer(403, "Session does not belong to this profile"),
    "staff_only": Answer(403, "Admin privileges required"),
    "not_found": Answer(404, "Not found"),
    "session_unknown": Answer(404, "Session not found"),
    "title_unknown": Answer(404, "Title not found"),
    "method": Answer(405, "Method not allowed"),
    "code_used": Answer(409, "Code was used"),
    "answered": Answer(409, "Request is over"),
    "day_over": Answer(409, "The viewing day of the grant is over"),
    "erasing": Answer(409, "Being erased"),
    "expired": Answer(409, "Request is over"),
    "grant_id_used": Answer(409, "Grant id was used"),
    "kids_fixed": Answer(409, "A profile cannot change between child and adult"),
    "not_limited": Answer(409, "Nothing limits the profile now"),
    "past": Answer(409, "The past cannot be changed"),
    "plan_changed": Answer(409, "The plan was changed in the meantime"),
    "request_open": Answer(409, "A request is open"),
    "session_ended": Answer(409, "Session has ended", has_reason=True),
    "taken": Answer(409, "Email already registered"),
    "taken_back": Answer(409, "Grant has already been taken back"),
    "taken_over": Answer(409, "Session has ended", has_reason=True),
    "too_many": Answer(409, "Too many of these", _retry_after_if_limited),
    "withdrawn": Answer(409, "Request is over"),
    "too_large": Answer(413, "Request body too large"),
    "invalid": Answer(422, "Invalid input"),
    "not_kids": Answer(422, "Not a kids profile"),
    "cooldown": Answer(429, "Ask again later", _retry_after),
    "muted": Answer(429, "No more requests today", _retry_after),
    "rate_limited": Answer(429, "Too many requests are waiting. Try again.", _retry_after),
    "too_many_tries": Answer(429, "Too many attempts. Try again later.", _retry_after),
    "internal": Answer(500, "Internal Server Error"),
    "busy": Answer(503, "The service is busy. Try again.", _retry_after),
    "database": Answer(503, "The database cannot be reached. Try again.", _retry_after),
    "not_available": Answer(503, "Week plans are not available"),
}


def plan_changed(version: int) -> Refusal:
    refusal = Refusal("plan_changed")
    refusal.fields = {"version": version}
    return refusal


def poll_refused(code: Code) -> Refusal:
    """What a screen that waits for a parent is answered, always with 400."""
    refusal = Refusal(code, "A parent said no" if code == "access_denied" else None, status=400)
    refusal.is_poll = True
    return refusal


def access_denied() -> Refusal:
    return Refusal("access_denied")


def overloaded() -> Refusal:
    return Refusal("busy")
