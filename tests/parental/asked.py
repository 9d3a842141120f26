"""A home whose child asks for more time, and whose parent answers."""

from dataclasses import dataclass
from typing import Any

from parental.children.time_requests.models import TimeRequest
from tests.parental.homes import Home, make_home
from viewing.models import OutboxEvent

REQUESTS = "/api/v1/requests"


@dataclass
class AskingHome(Home):
    def ask(self, http: Any, minutes: Any = 30, **fields: Any) -> Any:
        """From the child's device."""
        body = {"minutes": minutes, **fields}
        return http.post(f"{REQUESTS}/by/{self.child.profile.id}", json=body, headers=self.child.headers)

    def withdraw(self, http: Any, request_id: Any) -> Any:
        return http.delete(f"{REQUESTS}/{request_id}", headers=self.child.headers)

    def answer(self, http: Any, request_id: Any, decision: str = "grant", **fields: Any) -> Any:
        body = {"decision": decision, **fields}
        return http.post(f"{REQUESTS}/answer/{request_id}", json=body, headers=self.parent.headers)

    def seen_by_the_child(self, http: Any, **query: Any) -> Any:
        url = f"{REQUESTS}/by/{self.child.profile.id}"
        return http.get(url, params=query, headers=self.child.headers).json()

    def rows(self) -> list[TimeRequest]:
        return list(TimeRequest.objects.filter(profile=self.child.profile).order_by("created_at"))

    def event_types(self) -> list[str]:
        rows = OutboxEvent.objects.filter(profile_id=self.child.profile.id).order_by("id")
        return [row.type for row in rows if row.type.startswith(("request.", "grant."))]


def make_asking_home(**config: Any) -> AskingHome:
    """Its child has used up the two hours of the day."""
    home = make_home(**config)
    home.child.use_up(120 * 60)
    return AskingHome(child=home.child, parent=home.parent)
