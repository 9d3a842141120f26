"""Everything that a platform's backend does with Sandglass, from an account to a heartbeat. Standard library only.

    python platform_client.py http://127.0.0.1:8000 sgs_…

`make demo` prints a service token to try it with.
"""

import json
import sys
import urllib.error
import urllib.request
from typing import Any

ACCOUNT, CHILD = "acct-1001", "mia"
TITLES = [
    {"external_id": "tt-1", "name": "The Sandpit", "duration_seconds": 1440},
    {"external_id": "tt-2", "name": "How Bees Count", "is_educational": True},
]


class Sandglass:
    """The calls of the service or player that the token belongs to."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/") + "/api/v1"
        self.token = token

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON of the answer. Raises HTTPError for a refusal, whose body has `detail` and `code`."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


def main(url: str, token: str) -> None:
    service = Sandglass(url, token)

    # Accounts and profiles, by your own IDs. Sending the same again changes nothing.
    profiles = [
        {"external_id": CHILD, "name": "Mia", "is_kids": True, "timezone": "Europe/Berlin"},
        {"external_id": "ann", "name": "Ann"},
    ]
    account = service.call("PUT", f"/platform/accounts/{ACCOUNT}", {"profiles": profiles})
    profile_id = next(one["id"] for one in account["profiles"] if one["external_id"] == CHILD)
    print(f"Account   {account['account_id']}, profile {profile_id}")

    # The catalogue: push what changed, up to 1,000 titles per request.
    titles = service.call("PUT", "/platform/titles", {"titles": TITLES})
    print(f"Titles    {titles['made']} made, {titles['changed']} changed, {titles['unchanged']} unchanged")

    # A token for the child's device. With JWTs of your own login you need none.
    path = f"/platform/accounts/{ACCOUNT}/profiles/{CHILD}/player-token"
    player = Sandglass(url, service.call("POST", path, {"device_name": "Living room TV"})["player_token"])

    # What the device sends every 30 seconds while the title plays; here, three times without waiting.
    heartbeat = {
        "profile_id": profile_id,
        "title_id": titles["ids"]["tt-1"],
        "device_id": "tv-1",
        "device_type": "tv",
    }
    for sequence in range(1, 4):
        answer = player.call("POST", "/viewing-time/heartbeat", {**heartbeat, "sequence": sequence})
        heartbeat["session_id"] = answer["session_id"]
        print(f"Heartbeat {answer['enforcement']}, {answer['remaining_minutes']} minutes left")
    player.call("POST", f"/viewing-time/session/{heartbeat['session_id']}/end")

    # Up to 1,000 balances per request, by our IDs or by yours.
    asked = {"profiles": [{"account": ACCOUNT, "profile": CHILD}, {"account": ACCOUNT, "profile": "nobody"}]}
    known, unknown = service.call("POST", "/platform/balances", asked)["balances"]
    print(f"Balance   {known['used_minutes']} minutes used; the unknown profile has status {unknown['status']}")

    # Why something may play, or not.
    why = service.call("GET", f"/platform/profiles/{profile_id}/explain")
    print(f"Explain   {why['sentence']}; " + ", ".join(check["check"] for check in why["checks"] if check["passes"]))

    # A title that you no longer offer: sessions of it go on, none begins.
    retired = service.call("POST", "/platform/titles/retire", {"external_ids": ["tt-2"]})
    print(f"Retired   {retired['retired']} title")

    # When a person wants their data erased: gone within a second, and deleted when the grace is over. Until then it can
    # be restored, as here.
    path = f"/platform/accounts/{ACCOUNT}/profiles/ann"
    print(f"Erased    from {service.call('DELETE', path)['erase_at'][:10]} on")
    restored = service.call("POST", f"{path}/restore")
    print(f"Restored  {len(restored['profiles'])} profiles")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code} from {error.url}: {error.read().decode()}")
