"""What was watched: profiles, titles, limits, balances, sessions and the tokens of the devices.

The hot rows (session and balance) are written by `viewing/heartbeats/sql.py` alone; see there for who locks what.
"""

import uuid
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing import rules
from viewing.catalogue.indexes import TITLE_INDEXES
from viewing.fields import (
    duration_field,
    duration_is_valid,
    external_id_field,
    limit_field,
    limit_is_valid,
    reset_hour_field,
    validate_limit,
    validate_timezone,
)
from viewing.models.pairing import DevicePairing, PairingState
from viewing.models.plans import PLAN_CONSTRAINTS, FamilyCalendar, PlanColumns, PlanException
from viewing.models.profiles import Profile
from viewing.models.site import SiteSettings
from viewing.models.tokens import GatewayToken, PlayerToken, PlayerTokenQuerySet, ServiceToken
from viewing.outbox.models import OutboxEvent
from viewing.reports.models import ReconcileRun
from viewing.text import NameField

# Django looks for every model here.
__all__ = [
    "DevicePairing",
    "EndReason",
    "FamilyCalendar",
    "GatewayToken",
    "OutboxEvent",
    "PairingState",
    "PlanException",
    "PlayerToken",
    "PlayerTokenQuerySet",
    "Profile",
    "ReconcileRun",
    "ServiceToken",
    "SiteSettings",
    "Title",
    "ViewingSession",
    "ViewingTimeBalance",
    "ViewingTimeConfig",
    "duration_field",
    "limit_columns",
    "limit_field",
    "limit_is_valid",
    "reset_hour_field",
    "validate_limit",
    "validate_timezone",
]


class Title(models.Model):
    """A film or an episode of the platform's catalogue."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = NameField(_("name"), max_length=200)
    is_educational = models.BooleanField(_("educational"), default=False)
    duration_seconds = duration_field()
    external_id = external_id_field()
    # Begins no session any more; those that run go on, and history names it.
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("title")
        verbose_name_plural = _("titles")
        constraints = [
            models.CheckConstraint(condition=duration_is_valid("duration_seconds"), name="title_duration_valid"),
            # The feed names its titles by it.
            models.UniqueConstraint(
                fields=["external_id"], condition=Q(external_id__isnull=False), name="title_external_id_uniq"
            ),
        ]
        indexes = TITLE_INDEXES

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


class ViewingTimeConfig(PlanColumns):
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
            *PLAN_CONSTRAINTS,
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
