"""What makes an event happen: a client of the API, a browser, and staff."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from django.test import Client
from django.urls import reverse

from tests.families import make_user
from tests.parental.pages.visitors import Visitor

NEW = "another good password"
API = "/api/v1/auth"


@dataclass
class Scene:
    """What a scenario works with. It returns the account, and values that the line must have."""

    http: httpx.Client
    browse: Callable[..., Visitor]

    def staff(self) -> Any:
        client = Client()
        client.user = make_user(is_staff=True, is_superuser=True)
        client.force_login(client.user)
        return client

    def act(self, model: str, action: str, row: Any) -> Any:
        staff = self.staff()
        staff.post(reverse(f"admin:{model}_changelist"), {"action": action, "_selected_action": [str(row)]})
        return staff.user
