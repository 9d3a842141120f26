"""Every event that operators can look up: what is logged, counted and shown to the family.

docs/operations.md, "Events", describes the same list; a test compares the two and makes each event happen.
"""

from dataclasses import dataclass
from typing import Final, Literal

from perfmetrics.counting import metrics


@dataclass(frozen=True, slots=True)
class Event:
    """Its line has `user_id` (the account), `by` (who acted), `by_user_id` for staff, and these fields."""

    fields: tuple[str, ...] = ()
    level: Literal["info", "warning"] = "info"
    # Whether the family's audit page shows it. What strangers cause is not: they could fill the table.
    is_audited: bool = True
    # Of the event in the outbox, for webhooks and mails; "": none.
    type: str = ""


EVENTS: Final = {
    "registered": Event(("via",)),
    "login": Event(("via",)),
    "login_linked": Event(),
    "login_failed": Event(("via",), level="warning", is_audited=False),
    "logout": Event(("via",)),
    "refresh_token_reused": Event(("family_id",), level="warning"),
    "logins_ended": Event(("count",)),
    "email_confirmed": Event(),
    "password_changed": Event(type="password.changed"),
    "password_reset": Event(type="password.reset"),
    "password_wrong": Event(("via",), level="warning", is_audited=False),
    "pin_set": Event(type="pin.set"),
    "pin_changed": Event(type="pin.changed"),
    "pin_reset": Event(type="pin.reset"),
    "pin_locked": Event(("profile_id", "token_id", "locked_until"), level="warning", type="pin.locked"),
    "pin_lockouts_lifted": Event(("count",)),
    "device_paired": Event(("profile_id", "token_id"), type="device.paired"),
    "device_revoked": Event(("profile_id", "token_id"), type="device.revoked"),
    "profile_removed": Event(),
    "api_token_made": Event(("api_token_id",)),
    "api_token_revoked": Event(("api_token_id",)),
    "account_updated": Event(("made", "changed", "is_email_changed")),
    "erasure_asked": Event(("kind", "subject_id", "erase_at")),
    "erasure_cancelled": Event(("kind", "subject_id")),
    "erasure_done": Event(("kind",)),
    "locked": Event(("profile_id", "since", "until")),
    "unlocked": Event(("profile_id",)),
    # The child's asking is not in the audit: requests have a page of their own.
    "request_made": Event(
        ("profile_id", "request_id", "minutes", "day", "expires_at", "remaining_minutes"),
        is_audited=False,
        type="request.created",
    ),
    "request_answered": Event(
        ("profile_id", "request_id", "minutes", "day", "decision", "granted_minutes", "via", "waited_seconds"),
        type="request.answered",
    ),
    "request_withdrawn": Event(("profile_id", "request_id", "day"), is_audited=False, type="request.withdrawn"),
    "request_expired": Event(("profile_id", "request_id", "day"), is_audited=False, type="request.expired"),
    # Logged and counted by `viewing/admin_base.py`, without `user_id`; audited where the row belongs to a family.
    "staff_action": Event(("model", "action", "object_ids", "fields")),
}

# So that each is there with 0 from the start, and a rate has a beginning.
for _name in EVENTS:
    metrics.events.labels(_name)
