"""The rows of the matrix of pages: one per named address. **A new page needs one**, or `test_pages.py` fails.

    "child": Page(CHILD, post=302, form={"name": "Ada"}),

The key is the name of the URL pattern. The policy says whom it is for; `get` and `post` are the statuses for them (405:
no such method). `form` is what they send. `writes=False`: an accepted form may write or not, for example because it is
refused before a hash.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from tests.matrix.visitors import OTHER, OUT, OWN, PROVEN

ROLES: Final = (OUT, OTHER, OWN, PROVEN)
LOGIN: Final = -1  # sent to log in, and back afterwards

# What the roles get that a page is not for.
ANYONE: Final[dict[str, int]] = {}
ACCOUNT: Final = {OUT: LOGIN}
CHILD: Final = {OUT: LOGIN, OTHER: 404}


@dataclass(frozen=True)
class Page:
    refusals: dict[str, int]
    get: int = 200
    post: int = 405
    form: dict[str, Any] | Callable[[dict[str, str]], dict[str, Any]] = field(default_factory=dict)
    writes: bool = True
    # The form changes what is guarded by the PIN: without its proof the page comes back, and nothing is written.
    needs_proof: bool = False
    # Instead of `get` and `post`, for visitors who are logged in.
    logged_in: int | None = None

    def expected(self, role: str, method: str) -> int:
        status = self.get if method == "GET" else self.post
        if status == 405:
            return 405
        if role in self.refusals:
            return self.refusals[role]
        if role != OUT and self.logged_in is not None:
            return self.logged_in
        return 200 if self.needs_proof and method == "POST" and role != PROVEN else status

    def must_write(self, role: str) -> bool | None:
        """Whether the form changes something; None: either."""
        if role in self.refusals or self.post == 405 or (self.needs_proof and role != PROVEN):
            return False
        return True if self.writes else None

    def sent(self, ids: dict[str, str]) -> dict[str, Any]:
        return self.form(ids) if callable(self.form) else self.form


def exception(_ids: dict[str, str]) -> dict[str, Any]:
    return {"name": "Trip", "from_date": str(timezone.now().date() + timedelta(days=2)), "what": "no_bedtime"}


# A form without bedtime and school hours.
NO_QUIET: Final = {"quiet-TOTAL_FORMS": "0", "quiet-INITIAL_FORMS": "0"}
PAGES: dict[str, Page] = {
    "dashboard": Page(ACCOUNT),
    "child_add": Page(ACCOUNT, post=302, form={"name": "Ada", "timezone": "UTC"}),
    "child": Page(CHILD, post=302, form={"name": "Ada"}),
    "child_remove": Page(CHILD, post=302, needs_proof=True),
    "limits": Page(
        CHILD,
        post=302,
        form={"weekday_limit_minutes": "60", "weekend_limit_minutes": "60", "reset_hour": "5", "timezone": "UTC"},
        needs_proof=True,
    ),
    "limits_confirm": Page(CHILD, get=405, post=302),
    "devices": Page(CHILD, post=200, form={"device_name": "TV"}, needs_proof=True),
    "device_revoke": Page(CHILD, get=405, post=302),
    "grant": Page(CHILD, get=405, post=302, form={"minutes": "30"}),
    "take_back": Page(CHILD, get=405, post=302),
    "stop": Page(CHILD, get=405, post=302, form=lambda ids: {"session_id": ids["session_id"]}),
    "plan": Page(CHILD, post=302, form={"version": "0", "week_limit": "600", **NO_QUIET}),
    "school_nights": Page(
        CHILD, post=302, form={"weekday_limit_minutes": "60", "weekend_limit_minutes": "60", **NO_QUIET}
    ),
    "calendar": Page(CHILD),
    "why": Page(CHILD),
    "one_day": Page(CHILD, get=405, post=302, form={"day": "today", "limit": "30"}),
    "family_calendar": Page(ACCOUNT, post=302, form={"weekend": "sunday", "week_starts_on": "monday"}),
    "lock": Page(CHILD, get=405, post=302),
    "unlock": Page(CHILD, get=405, post=302, writes=False),
    "today_only": Page(CHILD, get=405, post=302, form={"act": "no_screens"}),
    "today_only_undo": Page(CHILD, get=405, post=302),
    "lock_everyone": Page(ACCOUNT, get=405, post=302, writes=False),
    "unlock_everyone": Page(ACCOUNT, get=405, post=302, writes=False),
    "exceptions": Page(ACCOUNT, post=302, form=exception),
    "exception_end": Page(CHILD, get=405, post=302),
    "history": Page(CHILD),
    "history_csv": Page(CHILD),
    "connect": Page(ACCOUNT, post=200, writes=False),
    "requests": Page(ACCOUNT),
    "request_answer": Page(CHILD, get=405, post=302, form={"say": "no"}, writes=False),
    "report": Page(ACCOUNT),
    "report_csv": Page(ACCOUNT),
    "audit": Page(ACCOUNT),
    "pin": Page(ACCOUNT, post=200, writes=False),
    "pin_reset": Page(ACCOUNT, get=405, post=200, writes=False),
    "pin_unlock": Page(ACCOUNT, get=405, post=200, writes=False),
    "login": Page(ANYONE, post=200, writes=False, logged_in=302),
    # Without a client at an issuer there is no such login.
    "oidc_start": Page(ANYONE, get=404),
    "oidc_return": Page(ANYONE, get=404),
    "logout": Page(ANYONE, get=405, post=302, writes=False),
    "logins": Page(ACCOUNT),
    "logins_end_others": Page(ACCOUNT, get=405, post=302, writes=False),
    "login_end": Page(CHILD, get=405, post=302, writes=False),
    "automations": Page(ACCOUNT, post=200, form={"name": "Kitchen display"}),
    "automation_revoke": Page(CHILD, get=405, post=302),
    "register": Page(ANYONE, post=200, writes=False, logged_in=302),
    "password_change": Page(ACCOUNT, post=200, writes=False),
    "password_reset": Page(ANYONE, post=200, writes=False),
    "password_reset_sent": Page(ANYONE),
    "password_reset_set": Page(ANYONE, post=200, writes=False),
    "password_reset_link": Page(ANYONE, get=302),
    "email_confirm": Page(ANYONE, post=200, writes=False),
    "email_send_link": Page(ACCOUNT, get=405, post=302, writes=False),
    "player": Page(ANYONE),
    # Of a code that no screen shows.
    "player_qr": Page(ANYONE, get=404),
}
assert all(set(page.refusals) <= set(ROLES) for page in PAGES.values())
