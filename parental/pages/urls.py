"""The addresses of the parents' pages, at the root of the site (`config/urls.py`)."""

from django.urls import path

from parental.pages import accounts, dashboard

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("children/<uuid:profile_id>/grant", dashboard.grant, name="grant"),
    path("children/<uuid:profile_id>/grants/<uuid:grant_id>/take-back", dashboard.take_back, name="take_back"),
    path("children/<uuid:profile_id>/stop", dashboard.stop, name="stop"),
    path("login", accounts.log_in, name="login"),
    path("logout", accounts.log_out, name="logout"),
    path("register", accounts.register, name="register"),
    path("password", accounts.change_password, name="password_change"),
    path("password/forgotten", accounts.reset_password, name="password_reset"),
    path("password/forgotten/sent", accounts.reset_sent, name="password_reset_sent"),
    path("password/forgotten/new", accounts.set_password, name="password_reset_set"),
    path("password/forgotten/<uuid:user_id>/<str:token>", accounts.open_link, name="password_reset_link"),
]
