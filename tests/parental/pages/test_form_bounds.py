"""A page says no more of what was sent than its fields take, and a form is no larger than 64 kB."""

import pytest

from tests.families import make_child, make_user
from tests.parental.pages.visitors import CSRF

LONG = '"' * 3500  # thrice as long on its way, six times once it is escaped


@pytest.fixture
def parent(browse):
    child = make_child()
    return browse(child.profile.user), child


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/login", {"email": LONG, "password": LONG, "next": f"/{LONG}"}),
        ("/register", {"email": LONG, "password": LONG}),
        ("/children/add", {"name": LONG, "timezone": LONG}),
        ("/password", {"current": LONG, "new": LONG}),
        ("/pin", {"new_pin": LONG, "again": LONG}),
    ],
)
def test_a_form_echoes_no_more_than_its_fields_take(browse, parent, path, fields):
    visitor = browse() if path in ("/login", "/register") else parent[0]
    usual = len(visitor.get(path).content)

    answer = visitor.post(path, **fields)

    assert answer.status_code == 200
    assert len(answer.content) < usual + 10_000


def test_the_forms_of_a_child_echo_no_more_either(parent):
    visitor, child = parent
    for page, fields in (
        ("limits", ("weekday_limit_minutes", "weekend_limit_minutes", "reset_hour", "timezone", "pin")),
        ("devices", ("device_name", "pin")),
    ):
        path = f"/children/{child.profile.id}/{page}"
        usual = len(visitor.get(path).content)

        answer = visitor.post(path, **dict.fromkeys(fields, LONG))

        assert answer.status_code == 200, path
        assert len(answer.content) < usual + 10_000, path


@pytest.mark.parametrize(("size", "status"), [(60_000, 200), (66_000, 413)])
def test_a_form_is_read_to_64_kb(browse, size, status):
    visitor = browse()

    answer = visitor.http.post("/login", data={"csrfmiddlewaretoken": CSRF, "email": "x" * size})

    assert answer.status_code == status


@pytest.mark.parametrize("token", ["x" * 20_000, "c9z3gq-0123456789abcdef0123456789abcdef"])
def test_a_link_that_does_not_hold_begins_no_session(browse, token):
    user = make_user(password="unusable anyway")
    visitor = browse()

    answer = visitor.get(f"/password/forgotten/{user.pk}/{token}")

    assert answer.headers["location"] == "/password/forgotten/new"
    assert "sessionid" not in answer.cookies
