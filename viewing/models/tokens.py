"""Tokens of players, gateways and services. Django finds them through the package."""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing.text import NameField


class PlayerTokenQuerySet(models.QuerySet["PlayerToken"]):
    def alive(self, *, now: datetime) -> "PlayerTokenQuerySet":
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)


class PlayerToken(models.Model):
    """What a child's device holds: the right to play as one profile, revocable. Only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    profile = models.ForeignKey("Profile", on_delete=models.CASCADE, related_name="player_tokens")
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


class _MadeByStaff(models.Model):
    """A token that staff make in the admin for a system of the platform. Only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = NameField(_("name"), max_length=100)
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
        abstract = True

    def __str__(self) -> str:
        return self.name


class GatewayToken(_MadeByStaff):
    """What an edge or a session gateway of the platform holds: the right to send beats for any profile, in bulk."""

    name = NameField(_("name"), max_length=100, help_text=_("Which gateway uses it and where."))

    class Meta:
        verbose_name = _("gateway token")
        verbose_name_plural = _("gateway tokens")


class Scope(models.TextChoices):
    """What a service token may do."""

    CATALOGUE = "catalogue", _("catalogue: write titles")
    ACCOUNTS = "accounts", _("accounts: write accounts, profiles and player tokens")
    READ = "read", _("read: balances")


class ServiceToken(_MadeByStaff):
    """What a backend of the platform holds: the right to call `/platform/*`, as far as its scopes go."""

    name = NameField(_("name"), max_length=100, help_text=_("Which service uses it and where."))
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices), verbose_name=_("scopes"))

    class Meta:
        verbose_name = _("service token")
        verbose_name_plural = _("service tokens")
