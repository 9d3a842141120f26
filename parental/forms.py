"""The admin's forms for an account, which has an address for a user name. Django's are generic for the checker only."""

from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm

from parental.models import User, normalize_email
from parental.passwords import change_password


class AccountCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])


class AccountChangeForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])


class AccountPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Django's form, but a changed password also ends the account's log-ins."""

    def save(self, commit: bool = True) -> User:  # noqa: ARG002 — Django's signature
        new = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        user: User = self.user
        change_password(user, new)
        return user
