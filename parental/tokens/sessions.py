"""Sessions of the pages and the admin: Django's, but the database keeps a hash of each key (SESSION_ENGINE).

The key is what the cookie holds. Kept as it is, a copy of the database would let its reader into every account.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone


def stored_key(key: str) -> str:
    """What the database keeps of a session's key: 160 of the hash's bits, as many characters as the column takes."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:40]


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        found: Session | None = self._living().first()
        if found is None:
            self._session_key = None
        return found

    async def _aget_session_from_db(self) -> Session | None:
        found: Session | None = await self._living().afirst()
        if found is None:
            self._session_key = None
        return found

    def _living(self) -> Any:
        key = stored_key(self.session_key or "")
        return self.model.objects.filter(session_key=key, expire_date__gt=timezone.now())

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return _hashed(super().create_model_instance(data))

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return _hashed(await super().acreate_model_instance(data))

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(stored_key(key))

    async def adelete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            await super().adelete(stored_key(key))


def _hashed(row: AbstractBaseSession) -> AbstractBaseSession:
    row.session_key = stored_key(row.session_key)
    return row
