"""The table of events that are still to be delivered. Django finds it through `viewing/models`."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _


class OutboxEvent(models.Model):
    """What happened, written in the transaction that decided it, until a deliverer takes it out.

    No foreign keys: an event outlives what it is about. No index but the primary key: rows live for a second.
    """

    event_id = models.UUIDField(db_default=RandomUUID())
    type = models.CharField(_("type"), max_length=40)
    # The account.
    family_id = models.UUIDField()
    profile_id = models.UUIDField(null=True)
    # Ids, numbers, codes and times; no names, no addresses, no text that people wrote.
    data = models.JSONField(default=dict)
    # {"kind": "parent" | "player" | "staff" | "system" …, "id": UUID or null}
    actor = models.JSONField()
    occurred_at = models.DateTimeField(_("occurred"))

    class Meta:
        verbose_name = _("outbox event")
        verbose_name_plural = _("outbox events")

    def __str__(self) -> str:
        return f"{self.pk} {self.type}"
