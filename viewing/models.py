"""What was watched: profiles, titles, limits, balances, sessions and the tokens of the devices.

The hot rows (session and balance) are written by `viewing/heartbeats/sql.py` alone; see there for who locks what.
"""

import uuid
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing import rules
from viewing.reports.models import ReconcileRun  # noqa: F401 — Django looks for models here
from viewing.text import NameField


def validate_limit(minutes: int) -> None:
    """A daily limit is 15–480 minutes in steps of 15 (docs/contract.md#limits); null (no limit) never gets here."""
    if not 15 <= minutes <= 480 or minutes % 15:
        raise ValidationError(_("Enter 15 to 480 minutes, in steps of 15."), code="limit")


def validate_timezone(name: str) -> None:
    """An IANA name that this host's zone data knows."""
    if not rules.is_timezone(name):
        raise ValidationError(_("Enter a time zone name such as Europe/Berlin."), code="timezone")


def limit_field(verbose_name: Any, *, default: int | None) -> Any:
    return models.PositiveSmallIntegerField(
        verbose_name,
        null=True,
        blank=True,
        default=default,
        validators=[validate_limit],
        help_text=_("Leave empty for no limit."),
    )


def reset_hour_field() -> Any:
    return models.PositiveSmallIntegerField(
        _("reset hour"), default=rules.DEFAULT_RESET_HOUR, validators=[MinValueValidator(0), MaxValueValidator(23)]
    )


def limit_is_valid(field: str) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": 15, f"{field}__lte": 480})


class Profile(models.Model):
    """One viewer of an account: a child (`is_kids`, limited) or an adult (history only)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="profiles",
        db_index=False,  # the composite index below serves it
        verbose_name=_("account"),
    )
    name = NameField(_("name"), max_length=100)
    avatar_url = models.URLField(_("avatar"), max_length=500, blank=True, default="")
    is_kids = models.BooleanField(_("child"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        indexes = [
            # An account's profiles in the order they were made.
            models.Index(fields=["user", "created_at"], name="profile_user_created_idx"),
        ]

    def __str__(self) -> str:
        return self.name


class Title(models.Model):
    """A film or an episode of the platform's catalogue."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = NameField(_("name"), max_length=200)
    is_educational = models.BooleanField(_("educational"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("title")
        verbose_name_plural = _("titles")

    def __str__(self) -> str:
        return self.name


def limit_columns(limits: rules.Limits) -> dict[str, int | None]:
    """The limits as the columns of `ViewingTimeConfig`, which hold one for weekdays and one for weekends.

    Raises ValueError for limits that the columns cannot hold.
    """
    columns = {"weekday_limit_minutes": limits.by_weekday[0], "weekend_limit_minutes": limits.by_weekday[5]}
    if rules.Limits.from_pair(weekday=limits.by_weekday[0], weekend=limits.by_weekday[5]) != limits:
        raise ValueError(f"one limit for Monday to Friday and one for the weekend expected, not {limits}")
    return columns


class ViewingTimeConfig(models.Model):
    """The limits of a profile. An adult's row only sets the timezone of the history."""

    profile = models.OneToOneField(Profile, on_delete=models.CASCADE, primary_key=True, related_name="config")
    weekday_limit_minutes = limit_field(_("weekday limit (minutes)"), default=rules.DEFAULT_WEEKDAY_LIMIT_MINUTES)
    weekend_limit_minutes = limit_field(_("weekend limit (minutes)"), default=rules.DEFAULT_WEEKEND_LIMIT_MINUTES)
    reset_hour = reset_hour_field()
    educational_exempt = models.BooleanField(_("educational titles are exempt"), default=True)
    timezone = models.CharField(
        _("timezone"), max_length=64, default=rules.DEFAULT_TIMEZONE, validators=[validate_timezone]
    )
    # The viewing day that a change of timezone or reset hour keeps running, from when until when (rules.Schedule).
    held_day = models.DateField(null=True, blank=True, editable=False)
    held_since = models.DateTimeField(null=True, blank=True, editable=False)
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("viewing time settings")
        verbose_name_plural = _("viewing time settings")
        constraints = [
            # The same bounds as the API's, so that no admin, script or migration can leave a limit that it cannot show.
            models.CheckConstraint(
                condition=limit_is_valid("weekday_limit_minutes"), name="config_weekday_limit_valid"
            ),
            models.CheckConstraint(
                condition=limit_is_valid("weekend_limit_minutes"), name="config_weekend_limit_valid"
            ),
            models.CheckConstraint(condition=Q(reset_hour__lte=23), name="config_reset_hour_valid"),
            # A held day is all three or none.
            models.CheckConstraint(
                condition=Q(held_day__isnull=True, held_since__isnull=True, held_until__isnull=True)
                | Q(held_day__isnull=False, held_since__isnull=False, held_until__isnull=False),
                name="config_held_day_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id}"

    @property
    def schedule(self) -> rules.Schedule:
        """When the profile's days turn, a held day included."""
        held = None
        if self.held_day and self.held_since and self.held_until:
            held = rules.ViewingDay(day=self.held_day, since=self.held_since, until=self.held_until)
        return rules.Schedule(timezone=self.timezone, reset_hour=self.reset_hour, held=held)

    def limit_minutes(self, day: date) -> int | None:
        """A child's limit of a viewing day; None for no limit."""
        return self.limits.on(day)

    @property
    def limits(self) -> rules.Limits:
        return rules.Limits.from_pair(weekday=self.weekday_limit_minutes, weekend=self.weekend_limit_minutes)


class ViewingTimeBalance(models.Model):
    """What a child has used of one viewing day, in seconds. Made by the day's first counted beat or grant."""

    profile = models.ForeignKey(
        Profile,
        on_delete=models.CASCADE,
        related_name="balances",
        db_index=False,  # the unique constraint below serves it
    )
    day = models.DateField(_("viewing day"))
    used_seconds = models.PositiveIntegerField(_("counted against the limit (s)"), default=0)
    educational_seconds = models.PositiveIntegerField(_("educational (s)"), default=0)
    granted_seconds = models.PositiveIntegerField(_("granted (s)"), default=0)
    is_unlimited_override = models.BooleanField(_("unlimited today"), default=False)

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            # One balance a day; the writer's upsert names it by these columns.
            models.UniqueConstraint(fields=["profile", "day"], name="balance_profile_day_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.day}"

    def allowance(self, limit_minutes: int | None) -> rules.Allowance:
        """What is left of the day, which has this limit (None: no limit)."""
        return rules.Allowance(
            limit_minutes=limit_minutes,
            used_seconds=self.used_seconds,
            granted_seconds=self.granted_seconds,
            is_unlimited=self.is_unlimited_override,
        )


class EndReason(models.TextChoices):
    ENDED = "ended", _("ended by the player")
    TAKEN_OVER = "taken_over", _("taken over by another player")
    SWITCHED = "switched", _("switched to another title")
    DAY_TURNED = "day_turned", _("the viewing day ended")


class ViewingSession(models.Model):
    """One title watched by one profile on one viewing day; so a day's sessions add up to that day's balance."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    profile = models.ForeignKey(
        Profile,
        on_delete=models.CASCADE,
        related_name="sessions",
        db_index=False,  # (profile, started_at) serves it
    )
    title = models.ForeignKey(
        Title,
        on_delete=models.PROTECT,
        related_name="sessions",
        db_index=False,  # nothing looks sessions up by title, and titles that were watched are not deleted
    )
    device_id = models.CharField(_("device"), max_length=100)
    device_type = models.CharField(
        _("device type"),
        max_length=6,
        choices=[("tv", _("TV")), ("mobile", _("phone")), ("tablet", _("tablet")), ("web", _("web"))],
    )
    is_educational = models.BooleanField(_("educational"), default=False)
    day = models.DateField(_("viewing day"))
    started_at = models.DateTimeField(_("started"))
    last_heartbeat_at = models.DateTimeField(_("last heartbeat"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(_("end reason"), max_length=10, choices=EndReason.choices, blank=True, default="")
    counted_seconds = models.PositiveIntegerField(_("counted against the limit (s)"), default=0)
    exempt_seconds = models.PositiveIntegerField(_("not counted against the limit (s)"), default=0)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    # −1: the player sends no sequence.
    first_sequence = models.BigIntegerField(_("first sequence"), default=-1)
    last_sequence = models.BigIntegerField(_("last sequence"), default=-1)
    last_sequence_at = models.DateTimeField(_("last sequence at"), null=True, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            # One stream per profile, even in a race: the writer that loses begins its session again.
            models.UniqueConstraint(fields=["profile"], condition=Q(ended_at__isnull=True), name="session_active_uniq"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | Q(ended_at__isnull=False) & ~Q(end_reason=""),
                name="session_end_has_reason",
            ),
        ]
        indexes = [
            # History, reports and the admin read a profile's newest sessions.
            models.Index(F("profile"), F("started_at").desc(), name="session_profile_started_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.id}"

    @property
    def total_seconds(self) -> int:
        return self.counted_seconds + self.exempt_seconds


class PlayerTokenQuerySet(models.QuerySet["PlayerToken"]):
    def alive(self, *, now: datetime) -> "PlayerTokenQuerySet":
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)

    @transaction.atomic
    def revoke(self, *, now: datetime) -> list["PlayerToken"]:
        """Revoke these tokens in every process: the ones that were not revoked before, each with its profile."""
        from viewing.hotpath import invalidation  # noqa: PLC0415 — the caches read these models

        # Ids first: the rows may be a slice, which cannot be filtered or locked.
        ids = list(self.values_list("pk", flat=True))
        alive = PlayerToken.objects.filter(pk__in=ids, revoked_at__isnull=True).select_related("profile")
        locked = alive.select_for_update(of=("self",), no_key=True).order_by("pk")
        revoked = list(locked) if ids else []
        if revoked:
            PlayerToken.objects.filter(pk__in=[token.pk for token in revoked]).update(revoked_at=now)
        for token in revoked:
            invalidation.player_token_changed(bytes(token.token_hash))
        return revoked


class PlayerToken(models.Model):
    """What a child's device holds: the right to play as one profile, revocable. Only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="player_tokens")
    device_name = NameField(_("device"), max_length=100)
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = PlayerTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("player token")
        verbose_name_plural = _("player tokens")

    def __str__(self) -> str:
        return self.device_name


class GatewayToken(models.Model):
    """What an edge or a session gateway of the platform holds: the right to send beats for any profile, in bulk."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = NameField(_("name"), max_length=100, help_text=_("Which gateway uses it and where."))
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(
        _("expires"), null=True, blank=True, help_text=_("Leave empty if it never expires.")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    # Known only to the instance that was just made, to be shown once.
    token = ""

    class Meta:
        verbose_name = _("gateway token")
        verbose_name_plural = _("gateway tokens")

    def __str__(self) -> str:
        return self.name


class SiteSettings(models.Model):
    """One row of settings that staff may change while the service runs; where it is missing the defaults hold."""

    pause_grace_seconds = models.PositiveIntegerField(
        _("pause grace (s)"), default=rules.PAUSE_GRACE_SECONDS, validators=[MaxValueValidator(3600)]
    )
    default_weekday_limit_minutes = limit_field(
        _("weekday limit of new children (minutes)"), default=rules.DEFAULT_WEEKDAY_LIMIT_MINUTES
    )
    default_weekend_limit_minutes = limit_field(
        _("weekend limit of new children (minutes)"), default=rules.DEFAULT_WEEKEND_LIMIT_MINUTES
    )
    default_reset_hour = reset_hour_field()
    notice = NameField(_("notice on the parents' pages"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = [
            # A singleton: the only id that the table takes.
            models.CheckConstraint(condition=Q(id=1), name="site_settings_single"),
        ]

    def __str__(self) -> str:
        return str(_("site settings"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @property
    def default_limits(self) -> rules.Limits:
        """The limits of a new child."""
        return rules.Limits.from_pair(
            weekday=self.default_weekday_limit_minutes, weekend=self.default_weekend_limit_minutes
        )
