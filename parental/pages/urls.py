"""The addresses of the parents' pages, at the root of the site (`config/urls.py`)."""

from django.urls import path

from parental.pages.account import accounts, automations, email, logins, pin, platform_login
from parental.pages.children import children, dashboard, devices, limits
from parental.pages.plans import exceptions, plan, school_nights, today_only
from parental.pages.reports import audit, history, report

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("children/add", children.add, name="child_add"),
    path("children/<uuid:profile_id>", children.rename, name="child"),
    path("children/<uuid:profile_id>/remove", children.remove, name="child_remove"),
    path("children/<uuid:profile_id>/limits", limits.settings, name="limits"),
    path("children/<uuid:profile_id>/limits/confirm", limits.confirm, name="limits_confirm"),
    path("children/<uuid:profile_id>/devices", devices.devices, name="devices"),
    path("children/<uuid:profile_id>/devices/<uuid:token_id>/revoke", devices.revoke, name="device_revoke"),
    path("children/<uuid:profile_id>/grant", dashboard.grant, name="grant"),
    path("children/<uuid:profile_id>/grants/<uuid:grant_id>/take-back", dashboard.take_back, name="take_back"),
    path("children/<uuid:profile_id>/stop", dashboard.stop, name="stop"),
    path("children/<uuid:profile_id>/plan", plan.plan, name="plan"),
    path("children/<uuid:profile_id>/school-nights", school_nights.school_nights, name="school_nights"),
    path("children/<uuid:profile_id>/lock", today_only.stop, name="lock"),
    path("children/<uuid:profile_id>/unlock", today_only.unlock, name="unlock"),
    path("children/<uuid:profile_id>/today", today_only.differ, name="today_only"),
    path("children/<uuid:profile_id>/today/<uuid:exception_id>/undo", today_only.undo, name="today_only_undo"),
    path("lock", today_only.stop_everyone, name="lock_everyone"),
    path("unlock", today_only.unlock_everyone, name="unlock_everyone"),
    path("exceptions", exceptions.exceptions, name="exceptions"),
    path("exceptions/<uuid:exception_id>/end", exceptions.end, name="exception_end"),
    path("children/<uuid:profile_id>/history", history.history, name="history"),
    path("children/<uuid:profile_id>/history.csv", history.history, {"as_csv": True}, name="history_csv"),
    path("report", report.report, name="report"),
    path("report.csv", report.report, {"as_csv": True}, name="report_csv"),
    path("audit", audit.entries, name="audit"),
    path("pin", pin.pin, name="pin"),
    path("pin/reset", pin.reset, name="pin_reset"),
    path("pin/unlock", pin.unlock, name="pin_unlock"),
    path("login", accounts.log_in, name="login"),
    path("login/start", platform_login.start, name="oidc_start"),
    path("login/return", platform_login.finish, name="oidc_return"),
    path("logout", accounts.log_out, name="logout"),
    path("logins", logins.listing, name="logins"),
    path("logins/others/end", logins.end_others, name="logins_end_others"),
    path("logins/<uuid:login_id>/end", logins.end, name="login_end"),
    path("automations", automations.automations, name="automations"),
    path("automations/<uuid:api_token_id>/revoke", automations.revoke, name="automation_revoke"),
    path("register", accounts.register, name="register"),
    path("email/confirm", email.send_link, name="email_send_link"),
    path("email/confirm/<str:token>", email.confirm, name="email_confirm"),
    path("password", accounts.change_password, name="password_change"),
    path("password/forgotten", accounts.reset_password, name="password_reset"),
    path("password/forgotten/sent", accounts.reset_sent, name="password_reset_sent"),
    path("password/forgotten/new", accounts.set_password, name="password_reset_set"),
    path("password/forgotten/<uuid:user_id>/<str:token>", accounts.open_link, name="password_reset_link"),
]
