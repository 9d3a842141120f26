"""What to forget when staff or parents change something: evicted in this process once the change is committed."""

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from perfmetrics.cache import counted
from viewing import lookups


def profile_changed(profile_id: UUID) -> None:
    """A profile or its limits: in force on the next heartbeat."""
    _on_commit(lambda: lookups.beat_entries.evict(("profiles", profile_id)))


def title_changed(title_id: UUID) -> None:
    _on_commit(lambda: lookups.beat_entries.evict(("titles", title_id)))
    _on_commit(lambda: counted("catalog").invalidate("titles"))


def site_changed() -> None:
    _on_commit(lambda: lookups.beat_entries.evict(lookups.SITE))


def player_token_changed(token_hash: bytes) -> None:
    """A revoked token stops working at once here, and within 60 s in every other process."""
    _on_commit(lambda: lookups.player_tokens.evict(("callers", token_hash)))


def _on_commit(evict: Callable[[], None]) -> None:
    transaction.on_commit(evict)
