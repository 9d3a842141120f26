"""The sentences of the audit page for events that are no grant and no changed setting."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from parental.models import AuditEntry
from parental.wording import with_names

SENTENCES = {
    "logout": gettext_lazy("Logged out"),
    "login_linked": gettext_lazy("Account connected to the platform’s login"),
    "registered": gettext_lazy("Account created"),
    "refresh_token_reused": gettext_lazy("A login was ended because its token was used twice"),
    "email_confirmed": gettext_lazy("Email address confirmed"),
    "password_changed": gettext_lazy("Password changed"),
    "password_reset": gettext_lazy("Password reset with a link sent by email"),
    "pin_set": gettext_lazy("PIN set"),
    "pin_changed": gettext_lazy("PIN changed"),
    "pin_reset": gettext_lazy("PIN reset with the password"),
    "api_token_made": gettext_lazy("API token created"),
    "api_token_revoked": gettext_lazy("API token revoked"),
    "account_updated": gettext_lazy("Account or profiles updated"),
    "profile_removed": gettext_lazy("A profile was removed with all its data"),
    "erasure_done": gettext_lazy("A profile was erased with all its data"),
    "locked": gettext_lazy("Stopped"),
    "unlocked": gettext_lazy("Unlocked"),
}
LOGINS = {
    "api": gettext_lazy("Logged in from an app"),
    "oidc": gettext_lazy("Logged in with the platform’s login"),
    "admin": gettext_lazy("Logged in to the administration"),
}
STAFF = {
    "parental.user": gettext_lazy("Account changed"),
    "viewing.profile": gettext_lazy("Profile changed"),
}


def sentence(entry: AuditEntry) -> str:
    """What happened; the name of the event where a newer release wrote it."""
    in_words = _SPEAKERS.get(entry.kind)
    return in_words(entry) if in_words else str(SENTENCES.get(entry.kind, entry.kind))


def _login(entry: AuditEntry) -> str:
    return str(LOGINS.get(entry.data.get("via", ""), _("Logged in on this website")))


def _logins_ended(entry: AuditEntry) -> str:
    count = entry.data.get("count", 1)
    return ngettext("%(count)s login ended", "%(count)s logins ended", count) % {"count": count}


def _pin_locked(entry: AuditEntry) -> str:
    if entry.actor_label:
        return with_names(_("PIN locked on “{device}” after too many incorrect attempts"), device=entry.actor_label)
    return _("PIN locked after too many incorrect attempts")


def _lifted(entry: AuditEntry) -> str:
    count = entry.data.get("count", 1)
    return ngettext("PIN lockout lifted", "%(count)s PIN lockouts lifted", count) % {"count": count}


def _paired(entry: AuditEntry) -> str:
    return with_names(_("“{device}” connected"), device=entry.actor_label)


def _revoked(entry: AuditEntry) -> str:
    return with_names(_("“{device}” disconnected"), device=entry.actor_label)


def _erasure_asked(entry: AuditEntry) -> str:
    if entry.data.get("kind") == "account":
        return _("Account scheduled for erasure")
    return _("A profile was scheduled for erasure")


def _erasure_cancelled(entry: AuditEntry) -> str:
    return _("Account restored") if entry.data.get("kind") == "account" else _("A profile was restored")


def _request_answered(entry: AuditEntry) -> str:
    if entry.data.get("decision") != "grant":
        return _("Said no to a request for %(asked)s more minutes") % {"asked": entry.data.get("minutes")}
    return _("Said yes to a request for %(asked)s more minutes") % {"asked": entry.data.get("minutes")}


def _staff_action(entry: AuditEntry) -> str:
    return str(STAFF.get(entry.data.get("model", ""), _("Changed")))


_SPEAKERS: dict[str, Callable[[AuditEntry], str]] = {
    "login": _login,
    "logins_ended": _logins_ended,
    "pin_locked": _pin_locked,
    "pin_lockouts_lifted": _lifted,
    "device_paired": _paired,
    "device_revoked": _revoked,
    "erasure_asked": _erasure_asked,
    "erasure_cancelled": _erasure_cancelled,
    "request_answered": _request_answered,
    "staff_action": _staff_action,
}
