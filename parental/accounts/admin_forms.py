"""The admin's forms for an account, which has an address for a user name. Django's are generic for the checker only."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from parental.accounts import accounts, askers
from parental.accounts.passwords import change_password
from parental.events.record import Actor
from parental.models import User, normalize_email
from viewing.errors import Refusal


class AdminLogInForm(AdminAuthenticationForm):
    """Django's form, but passwords are compared as the API does: off this thread, and ten tries of an address."""

    @sensitive_variables()
    def clean(self) -> dict[str, object]:
        given = self.cleaned_data
        if given.get("username") and given.get("password"):
            self.user_cache = self._prove(normalize_email(given["username"]), given["password"])
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return given

    def _prove(self, email: str, password: str) -> User | None:
        assert self.request is not None  # noqa: S101 — for the type checker; the admin's view gives it
        asker = askers.for_request(self.request)
        prove = async_to_sync(accounts.prove)
        try:
            return prove(email=email, password=password, via="admin", asker=asker, now=timezone.now())
        except Refusal as refusal:
            if refusal.code == "login_wrong":
                return None
            raise ValidationError(gettext(refusal.detail), code="busy") from refusal


class AccountCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        # A first password is no changed one: Django would report it (`accounts.passwords.EndLogIns`).
        user._password = None  # type: ignore[attr-defined]  # noqa: SLF001
        if commit:
            user.save()
        return user


class AccountChangeForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str | None:
        """Only an account that the platform brought may have none."""
        email = normalize_email(self.cleaned_data["email"] or "")
        if not email and self.instance.external_id is None:
            raise ValidationError(self.fields["email"].error_messages["required"], code="required")
        if email != (self.initial.get("email") or ""):
            self.instance.email_confirmed_at = None
        return email or None


class AccountPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Django's form, but a changed password also ends the account's logins."""

    def save(self, commit: bool = True) -> User:
        new = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        user: User = self.user
        change_password(user, new, actor=Actor("staff"))
        return user
