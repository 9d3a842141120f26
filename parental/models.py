"""Who may decide: accounts, the PIN that guards them, their logins, and the grants they made."""

import uuid
from typing import Any, ClassVar, Final

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parental.automations.models import ApiToken
from parental.children.time_requests.models import RequestState, TimeRequest
from parental.deliver.models import Bounces, Delivery, DeliveryTotal, WebhookEndpoint
from parental.events.models import AuditEntry
from parental.limiter.models import LimiterCount
from parental.privacy.models import Erasure
from viewing.fields import external_id_field
from viewing.models import PlayerToken, Profile

# Django looks for every model here.
__all__ = [
    "MAX_PIN_TRIES",
    "ApiToken",
    "AuditEntry",
    "Bounces",
    "Delivery",
    "DeliveryTotal",
    "Erasure",
    "LimiterCount",
    "Pin",
    "PinGuard",
    "PinGuardQuerySet",
    "RefreshToken",
    "RequestState",
    "SettingsChange",
    "TimeGrant",
    "TimeRequest",
    "TokenFamily",
    "User",
    "UserManager",
    "WebhookEndpoint",
    "normalize_email",
]


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new account (password None: one that cannot log in). IntegrityError when the address is taken."""
        # Not by `set_password`: Django would report a changed password (`accounts.passwords.EndLogIns`).
        user = self.model(email=normalize_email(email), password=make_password(password), **fields)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalize_email(username or ""))


def normalize_email(email: str) -> str:
    """Lower case throughout: nobody means two accounts by Ann@ and ann@."""
    return email.strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """An account: a parent, or staff (`is_staff`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Null: brought by the platform without an address, so nobody can log in with a password.
    email = models.EmailField(_("email address"), max_length=254, unique=True, null=True, blank=True)
    external_id = external_id_field()
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    # Null: nobody has shown that the address is theirs (`accounts.confirmation`).
    email_confirmed_at = models.DateTimeField(_("address confirmed"), null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            # `unique` alone would let an address in twice in another case if code other than ours writes it.
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="user_email_lower"),
            # Parallel upserts by the platform find one row.
            models.UniqueConstraint(
                fields=["external_id"], condition=Q(external_id__isnull=False), name="user_external_id_uniq"
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.external_id or str(self.pk)


class Pin(models.Model):
    """The account's PIN, hashed. What guards it is counted in `PinGuard`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="pin"
    )
    pin_hash = models.CharField(max_length=128)
    # PIN tokens name it, so that a change ends them all.
    version = models.UUIDField(default=uuid.uuid4)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("PIN")
        verbose_name_plural = _("PINs")

    def __str__(self) -> str:
        return f"{self.user_id}"


MAX_PIN_TRIES: Final = 5


class PinGuardQuerySet(models.QuerySet["PinGuard"]):
    def forgive(self) -> tuple[int, int]:
        """Delete all tries and lockouts: how many guards had any, and how many of them were locked."""
        has_any = Q(cleared__lt=F("reserved")) | Q(lockout_at__isnull=False)
        found = dict(self.filter(has_any).values_list("pk", "locked_until"))
        if found:
            clear = {"cleared": F("reserved"), "locked_until": None, "lockout_at": None, "lockout_before_at": None}
            self.model.objects.filter(pk__in=found).update(**clear)
        return len(found), sum(until is not None for until in found.values())


class PinGuard(models.Model):
    """Tries of the PIN, by an account's parents (no player token) or on one child's device.

    Tries are numbered as they are reserved. Those above `cleared` are in a row: wrong, or not compared yet.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="pin_guards",
        db_index=False,  # the unique constraint serves it
    )
    player_token = models.ForeignKey(
        PlayerToken, null=True, blank=True, on_delete=models.CASCADE, related_name="pin_guards"
    )
    reserved = models.PositiveIntegerField(default=0)
    cleared = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    # When the last lockout that ended by itself began, and the one before: a third in a day does not end by itself.
    lockout_at = models.DateTimeField(null=True, blank=True)
    lockout_before_at = models.DateTimeField(null=True, blank=True)

    objects = PinGuardQuerySet.as_manager()

    class Meta:
        verbose_name = _("PIN guard")
        verbose_name_plural = _("PIN guards")
        constraints = [
            # Parallel first tries must find one row; a null is a key like any other.
            models.UniqueConstraint(fields=["user", "player_token"], nulls_distinct=False, name="pin_guard_uniq"),
            # A sixth is never compared: with five in a row it is locked, with fewer it is not.
            models.CheckConstraint(
                condition=Q(cleared__lte=F("reserved"))
                & (
                    Q(locked_until__isnull=True, reserved__lt=F("cleared") + MAX_PIN_TRIES)
                    | Q(locked_until__isnull=False, reserved=F("cleared") + MAX_PIN_TRIES)
                ),
                name="pin_guard_locks_at_five",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class TokenFamily(models.Model):
    """One login and every token grown from it; ended immediately when a spent refresh token is reused."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="token_families")
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # Of a login on the pages: the hashed key of its session, which is deleted with it. Null: an app's, by tokens.
    session_key = models.CharField(max_length=40, null=True, blank=True, editable=False)  # noqa: DJ001
    client = models.CharField(_("browser or app"), max_length=100, blank=True, default="", db_default="")
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("login")
        verbose_name_plural = _("logins")

    def __str__(self) -> str:
        return f"{self.id}"


class RefreshToken(models.Model):
    """One link of a family: valid until spent or expired. Only the hash is kept."""

    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="refresh_tokens")
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    spent_at = models.DateTimeField(_("spent"), null=True, blank=True)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")

    def __str__(self) -> str:
        return f"{self.pk}"


class TimeGrant(models.Model):
    """The audit row of one grant: who gave which child how much, when, and from where."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    profile = models.ForeignKey(
        Profile,
        on_delete=models.CASCADE,
        related_name="grants",
        db_index=False,  # (profile, granted_at) serves it
    )
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="grants"
    )
    # The child's device on which the PIN was given; null for a remote grant.
    player_token = models.ForeignKey(
        PlayerToken, null=True, blank=True, on_delete=models.SET_NULL, related_name="grants"
    )
    is_remote = models.BooleanField(_("remote"))
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), null=True, help_text=_("Empty means unlimited for the day.")
    )
    day = models.DateField(_("viewing day"))
    granted_at = models.DateTimeField(_("granted"), default=timezone.now)
    taken_back_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    # By how much it moved the child's pass: for that long, hours do not matter.
    opened_seconds = models.IntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | Q(minutes__gte=15, minutes__lte=120), name="grant_minutes_valid"
            ),
        ]
        indexes = [
            models.Index(fields=["profile", "granted_at"], name="grant_profile_granted_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.day}"


class SettingsChange(models.Model):
    """The audit row of one changed setting of a child: who changed what from what to what, and when.

    Never deleted but with its profile: it also shows whether the timezone was ever chosen.
    """

    profile = models.ForeignKey(
        Profile,
        on_delete=models.CASCADE,
        related_name="settings_changes",
        db_index=False,  # (profile, changed_at) serves it
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="settings_changes"
    )
    field = models.CharField(_("setting"), max_length=32)
    old_value = models.JSONField(_("before"), null=True, help_text=_("Empty means no limit."))
    new_value = models.JSONField(_("after"), null=True, help_text=_("Empty means no limit."))
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("settings change")
        verbose_name_plural = _("settings changes")
        indexes = [
            # A child's changes in the order they were made.
            models.Index(fields=["profile", "changed_at"], name="change_profile_changed_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.field}"
