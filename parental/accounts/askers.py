"""Who gives a password: from where, and what shows that they proved themselves before."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from parental.accounts.turns import Client
from parental.limiter import rules
from parental.limiter.limiter import Bound, from_source
from parental.limiter.sources import source_of
from parental.tokens import devices


@dataclass(frozen=True, slots=True)
class Asker:
    """A stranger by default."""

    source: str = ""
    device_tokens: tuple[str, ...] = ()
    # Of a session or an access token that is valid: the account is logged in.
    account_id: UUID | None = None

    def bounds(self, email: str) -> list[Bound]:
        """What a try of this address's password counts against."""
        proof = self._proof(email)
        if proof:
            return _tries(f"{proof} {email}")
        return [*from_source(rules.PASSWORDS_FROM_SOURCE, self.source), *for_strangers(email)]

    def client(self, email: str) -> Client:
        """Whose turn it is in the queue: places are kept for who gave the password before, here or in this login."""
        return Client(email, self.source or None, is_known=bool(self._proof(email)))

    def _proof(self, email: str) -> str:
        if self.account_id is not None:
            return f"account {self.account_id}"
        device_id = devices.recognize(self.device_tokens, email=email)
        return f"device {device_id}" if device_id else ""


def for_request(request: HttpRequest, *device_tokens: str) -> Asker:
    """Who sent it, with the tokens of its cookie, or these."""
    return Asker(source=source_of(request), device_tokens=device_tokens or tuple(devices.tokens_of(request)))


def for_strangers(email: str) -> list[Bound]:
    """What all strangers together may try of an address."""
    return _tries(email)


def _tries(subject: str) -> list[Bound]:
    return [Bound(rules.PASSWORD_BURST, subject), Bound(rules.PASSWORD_HOUR, subject)]
