"""Why something may play now, or not, for a child of any account."""

import uuid

import pytest

from tests.families import make_child, make_player, make_service, make_title
from tests.http import status_and_body
from tests.parental.cast import log_in


@pytest.fixture
def ask(http):
    service = make_service("read")

    def explain(profile_id, **parameters):
        path = f"/api/v1/platform/profiles/{profile_id}/explain"
        return status_and_body(http.get(path, params=parameters, headers=service.headers))

    return explain


def test_it_is_what_the_parent_reads(http, ask):
    child = make_child()
    child.use_up(120 * 60)
    path = f"/api/v1/parental-controls/profiles/{child.profile.pk}/explain"

    status, body = ask(child.profile.pk)
    of_parent = http.get(path, headers=log_in(child.profile.user).headers).json()

    assert (status, body["reason"], body["what_helps"]) == (200, "limit_reached", ["grant", "wait"])
    assert {**body, "at": None} == {**of_parent, "at": None}


def test_of_one_title(http, ask):
    child, film = make_child(), make_title(is_educational=True)
    path = f"/api/v1/parental-controls/profiles/{child.profile.pk}/explain?title_id={film.pk}"

    status, body = ask(child.profile.pk, title_id=str(film.pk))
    of_parent = http.get(path, headers=log_in(child.profile.user).headers).json()

    assert (status, body["allowed"]) == (200, True)
    assert {**body, "at": None} == {**of_parent, "at": None}


def test_of_nobody_an_adult_and_an_unknown_title(ask):
    child = make_child()
    adult = make_player(child.profile.user, is_kids=False)

    assert ask(uuid.uuid4()) == (404, {"detail": "Profile not found", "code": "not_found"})
    status, body = ask(adult.profile.pk)
    assert (status, body["allowed"], body["checks"]) == (200, True, [])
    unknown = ask(child.profile.pk, title_id=str(uuid.uuid4()))
    assert unknown == (404, {"detail": "Title not found", "code": "title_unknown"})
