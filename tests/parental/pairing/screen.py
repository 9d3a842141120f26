"""A screen that waits to be paired, and the parent who approves it."""

from dataclasses import dataclass
from typing import Any

from viewing.models import DevicePairing

API = "/api/v1/auth/device"


@dataclass
class WaitingScreen:
    device_code: str
    user_code: str
    answer: dict[str, Any]

    def poll(self, http: Any) -> Any:
        return http.post(f"{API}/token", json={"device_code": self.device_code})

    def error(self, http: Any) -> str:
        answer = self.poll(http)
        body = answer.json()
        assert answer.status_code == 400, answer.text
        assert body["error"] == body["code"], body
        return str(body["error"])

    def players(self, http: Any) -> list[dict[str, Any]]:
        answer = self.poll(http)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["players"])

    @property
    def row(self) -> DevicePairing:
        return DevicePairing.objects.get(user_code=self.user_code.replace("-", ""))


def show_code(http: Any, **body: Any) -> WaitingScreen:
    answer = http.post(f"{API}/code", json=body)
    assert answer.status_code == 200, answer.text
    return WaitingScreen(answer.json()["device_code"], answer.json()["user_code"], answer.json())


def look_up(http: Any, parent: Any, code: str) -> Any:
    return http.get(f"{API}/by-code/{code}", headers=parent.headers)


def approve(http: Any, parent: Any, screen: WaitingScreen, *profiles: Any, **body: Any) -> Any:
    about = {"user_code": screen.user_code, "profile_ids": [str(profile.pk) for profile in profiles]}
    return http.post(f"{API}/approve", json={**about, **body}, headers=parent.headers)
