"""A family in Berlin whose days begin at 06:00, and what its parent does about the week plan. UTC+1 in winter."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.families import Player, make_player
from tests.parental.homes import Home, make_home
from viewing.models import ViewingTimeConfig

ZONE = "Europe/Berlin"
API = "/api/v1/parental-controls"
NIGHTS = [
    {
        "kind": "bedtime",
        "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "from": "20:30",
        "to": "07:00",
    }
]
SCHOOL = {
    "kind": "school",
    "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
    "from": "08:00",
    "to": "13:00",
    "allow_educational": True,
}


def local(text: str) -> datetime:
    """A time on Berlin's walls; Wednesday is 2026-11-25."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


def utc(text: str) -> str:
    """As answers write the instant of a time on Berlin's walls."""
    return local(text).astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")


class House:
    """A home with a clock on the wall."""

    def __init__(self, http: Any, clock: Any, home: Home) -> None:
        self.http, self.clock, self.home = http, clock, home
        self.child: Player = home.child

    def at(self, text: str) -> "House":
        self.clock.now = local(text).astimezone(ZoneInfo("UTC"))
        return self

    def sibling(self, **config: Any) -> Player:
        return make_player(self.home.parent.user, **{"timezone": ZONE, "reset_hour": 6, **config})

    def call(self, method: str, path: str, **given: Any) -> Any:
        return self.http.request(method, f"{API}/{path}", headers=self.home.parent.headers, **given)

    def plan(self, **changes: Any) -> Any:
        """PUT with changes, GET without."""
        path = f"profiles/{self.child.profile.id}/plan"
        answer = self.call("PUT", path, json=changes) if changes else self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, **changes: Any) -> tuple[int, Any]:
        answer = self.call("PUT", f"profiles/{self.child.profile.id}/plan", json=changes)
        return answer.status_code, answer.json()

    def exception(self, from_date: str, **fields: Any) -> Any:
        body = {"profile_id": str(self.child.profile.id), "from_date": from_date, "name": "Exception", **fields}
        return self.call("POST", "exceptions", json=body)

    def lock(self, **fields: Any) -> Any:
        answer = self.call("POST", "lock", json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["locked"]

    def unlock(self, *profile_ids: Any) -> Any:
        answer = self.call("DELETE", "lock", params=[("profile_id", str(each)) for each in profile_ids])
        assert answer.status_code == 200, answer.text
        return answer.json()["unlocked"]

    def beat(self, **changes: Any) -> Any:
        answer = self.child.beat(self.http, **changes)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def use(self, minutes: float, day: str) -> None:
        self.child.use_up(round(minutes * 60), day=datetime.fromisoformat(day).date())

    def balance(self) -> Any:
        return self.home.balance(self.http)

    def eligible(self, **params: Any) -> Any:
        path = f"/api/v1/viewing-time/playback-eligible/{self.child.profile.id}"
        return self.http.get(path, headers=self.child.headers, params=params).json()

    @property
    def config(self) -> ViewingTimeConfig:
        return self.home.config


def make_house(http: Any, clock: Any, at: str = "2026-11-25 12:00", **config: Any) -> House:
    defaults = {"timezone": ZONE, "reset_hour": 6, "weekday_limit_minutes": 60, "weekend_limit_minutes": 120}
    clock.now = local(at).astimezone(ZoneInfo("UTC"))
    return House(http, clock, make_home(**{**defaults, **config}))


def forward(house: House, **amount: float) -> None:
    house.clock.now += timedelta(**amount)
