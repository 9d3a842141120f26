"""The table of children's requests for more time. Django finds it through `parental/models`."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing.models import PlayerToken, Profile

MAX_TEXT: int = 140


class RequestState(models.TextChoices):
    OPEN = "open", _("open")
    GRANTED = "granted", _("granted")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")
    WITHDRAWN = "withdrawn", _("withdrawn")


class TimeRequest(models.Model):
    """A child asked for more time: when, how much, and what became of it."""

    # The device may choose it, so that it can repeat the call.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    profile = models.ForeignKey(
        Profile,
        on_delete=models.CASCADE,
        related_name="time_requests",
        db_index=False,  # (profile, created_at) serves it
    )
    player_token = models.ForeignKey(PlayerToken, null=True, on_delete=models.SET_NULL, related_name="+")
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    reason = models.CharField(_("reason"), max_length=MAX_TEXT, blank=True, default="")
    # The viewing day that was running.
    day = models.DateField(_("viewing day"))
    state = models.CharField(_("state"), max_length=9, choices=RequestState, default=RequestState.OPEN)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    # Of an answer, a withdrawal or an expiry.
    ended_at = models.DateTimeField(_("ended"), null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # "page" or "app"
    answered_via = models.CharField(_("answered on"), max_length=10, blank=True, default="")
    # Of a granted one; null: unlimited.
    granted_minutes = models.PositiveSmallIntegerField(_("granted minutes"), null=True)
    note = models.CharField(_("note"), max_length=MAX_TEXT, blank=True, default="")
    grant = models.OneToOneField("parental.TimeGrant", null=True, on_delete=models.SET_NULL, related_name="request")
    # A parent wants to hear no more until then.
    muted_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.UniqueConstraint(fields=["profile"], condition=Q(state="open"), name="request_open_uniq"),
            models.CheckConstraint(condition=Q(minutes__gte=15, minutes__lte=120), name="request_minutes_valid"),
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None, answered_via="", grant=None)
                | (Q(state__in=["granted", "declined"], ended_at__isnull=False) & ~Q(answered_via=""))
                | Q(state__in=["expired", "withdrawn"], ended_at__isnull=False, answered_via="", grant=None),
                name="request_answer_whole",
            ),
        ]
        indexes = [
            # A child's requests, newest first.
            models.Index(F("profile"), F("created_at").desc(), name="request_profile_created_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.day}"
