"""Records the API's answers with their ids, tokens and times masked."""

import re
from typing import Any

HEADERS = ("allow", "retry-after", "www-authenticate", "x-locked-until", "content-type")

MASKS = [
    (re.compile(r"(?!0{8})[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"sg[a-z]_[\w.=-]+"), "<token>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "<date>"),
]


def masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str):
        for pattern, mask in MASKS:
            value = pattern.sub(mask, value)
    return value


class Recorder:
    """Sends requests and keeps what was answered, by name."""

    def __init__(self, http: Any) -> None:
        self.http = http
        self.answers: dict[str, Any] = {}

    def __call__(self, name: str, method: str, path: str, who: Any = None, **request: Any) -> Any:
        headers = {**(who.headers if who else {}), **request.pop("headers", {})}
        response = self.http.request(method, path, headers=headers, **request)
        is_json = response.content and response.headers["content-type"].startswith("application/json")
        assert name not in self.answers
        self.answers[name] = {
            "request": masked(f"{method} {path}"),
            "status": response.status_code,
            "headers": {key: masked(response.headers[key]) for key in HEADERS if key in response.headers},
            "body": masked(response.json() if is_json else response.text),
        }
        return response
