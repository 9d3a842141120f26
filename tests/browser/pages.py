"""The pages that there are, by the names of their addresses."""

# Open to everyone.
OPEN = ("login", "register", "password_reset", "password_reset_sent", "player")
# A parent's, logged in.
FAMILY = (
    "dashboard", "exceptions", "family_calendar", "report", "requests", "audit", "child_add", "connect", "pin",
    "logins", "automations",
    "password_change",
)  # fmt: skip
# The same, of one child.
CHILD = ("child", "child_remove", "limits", "plan", "calendar", "why", "school_nights", "devices", "history")
# Opened by the link of a mail, which the address holds.
LINKED = ("email_confirm",)
# What is only sent, only leads on, or shows only once.
NO_PAGES = {
    "limits_confirm", "device_revoke", "grant", "take_back", "stop", "pin_reset", "pin_unlock", "logout",
    "lock", "unlock", "lock_everyone", "unlock_everyone", "today_only", "today_only_undo", "one_day", "exception_end",
    "password_reset_link", "password_reset_set", "history_csv", "report_csv", "login_end", "logins_end_others",
    "oidc_start", "oidc_return", "email_send_link", "automation_revoke", "request_answer",
}  # fmt: skip
