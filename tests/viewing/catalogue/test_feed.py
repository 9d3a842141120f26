"""PUT /platform/titles and its retirement: titles in batches, by the platform's own ids."""

import uuid

import pytest

from tests.families import make_child, make_gateway, make_service, make_title
from tests.http import any_worker
from tests.parental.cast import fields_of
from tests.races import in_parallel, until
from tests.statements import statements
from viewing.hotpath import invalidation
from viewing.models import Title

TITLES = "/api/v1/platform/titles"
NO_TITLE = {"detail": "Title not found", "code": "title_unknown"}


@pytest.fixture
def service(server):
    return make_service("catalogue")


@pytest.fixture
def key():
    return uuid.uuid4().hex


def put(http, service, titles):
    response = http.put(TITLES, json={"titles": titles}, headers=service.headers)
    assert response.status_code == 200, response.text
    return response.json()


def retire(http, service, *external_ids):
    response = http.post(f"{TITLES}/retire", json={"external_ids": external_ids}, headers=service.headers)
    assert response.status_code == 200, response.text
    return response.json()["retired"]


def batch(key, count, **about):
    return [{"external_id": f"{key}-{n}", "name": f"{key} {n}", **about} for n in range(count)]


def catalogue(http, service_or_child):
    return {one["id"]: one for one in http.get("/api/v1/catalog/titles", headers=service_or_child.headers).json()}


def test_titles_are_made_changed_and_left_alone(http, service, key):
    first = put(http, service, batch(key, 3))
    assert {name: first[name] for name in ("made", "changed", "unchanged")} == {"made": 3, "changed": 0, "unchanged": 0}
    assert set(first["ids"]) == {f"{key}-{n}" for n in range(3)}

    sent = [
        {"external_id": f"{key}-0", "name": f"{key} 0"},
        {"external_id": f"{key}-1", "name": "Renamed", "is_educational": True, "duration_seconds": 5400},
        {"external_id": f"{key}-9", "name": "New"},
    ]
    second = put(http, service, sent)

    assert {name: second[name] for name in ("made", "changed", "unchanged")} == {
        "made": 1,
        "changed": 1,
        "unchanged": 1,
    }
    assert second["ids"][f"{key}-1"] == first["ids"][f"{key}-1"]
    row = Title.objects.get(external_id=f"{key}-1")
    assert (row.name, row.is_educational, row.duration_seconds) == ("Renamed", True, 5400)


def test_a_length_is_a_change_and_left_out_it_is_unknown(http, service, key):
    put(http, service, batch(key, 1))

    for about, changed in (({"duration_seconds": 60}, 1), ({"duration_seconds": 60}, 0), ({}, 1), ({}, 0)):
        assert put(http, service, batch(key, 1, **about))["changed"] == changed
        assert Title.objects.get(external_id=f"{key}-0").duration_seconds == about.get("duration_seconds")


def test_a_batch_is_two_statements_and_one_notification(http, service, key):
    put(http, service, batch(key, 1))

    with statements() as found:
        put(http, service, batch(key, 500))

    assert [statement.split()[0] for statement in found.all] == ["INSERT", "SELECT", "SELECT"]
    assert sum("pg_notify" in statement for statement in found.all) == 1


def test_a_batch_that_changes_nothing_notifies_nobody(http, service, key):
    put(http, service, batch(key, 5))

    with statements() as found:
        assert put(http, service, batch(key, 5))["unchanged"] == 5

    assert not any("pg_notify" in statement for statement in found.all)


@pytest.mark.parametrize("count", [3, invalidation.MAX_NAMED, invalidation.MAX_NAMED + 1, 1000])
def test_every_process_has_the_change_within_a_second(three_workers, service, key, count):
    child = make_child()
    with any_worker(three_workers.url) as http:
        ids = put(http, service, batch(key, count))["ids"]
        last = ids[f"{key}-{count - 1}"]

        def kinds():
            return set(three_workers.ask_each(lambda: child.beat(http, title_id=last).json()["is_educational"]))

        assert kinds() == {False}
        put(http, service, batch(key, count, is_educational=True))

        until(lambda: kinds() == {True})


@pytest.mark.parametrize("wrong", [{"name": ""}, {"external_id": "a b"}, {"name": "a\nb"}, {"duration_seconds": 0}])
def test_one_bad_title_among_1000_names_its_place_and_nothing_is_written(http, service, key, wrong):
    titles = batch(key, 1000)
    titles[617] |= wrong

    response = http.put(TITLES, json={"titles": titles}, headers=service.headers)

    assert [field[0] for field in fields_of(response)] == [["body", "titles", 617, next(iter(wrong))]]
    assert not Title.objects.filter(external_id__startswith=key).exists()


def test_a_batch_has_its_bounds(http, service, key):
    for titles in ([], batch(key, 1001), batch(key, 1) * 2):
        assert http.put(TITLES, json={"titles": titles}, headers=service.headers).status_code == 422


def test_parallel_batches_in_any_order_lose_nothing(three_workers, service, key):
    sent = batch(key, 200)
    with any_worker(three_workers.url) as http:
        answers = in_parallel(6, lambda n: put(http, service, sent if n % 2 else sent[::-1]))

    assert sum(answer["made"] for answer in answers) == 200
    assert Title.objects.filter(external_id__startswith=key).count() == 200


class TestRetired:
    def test_it_leaves_the_catalogue_and_comes_back(self, http, service, key):
        child = make_child()
        id_ = put(http, service, batch(key, 1))["ids"][f"{key}-0"]
        assert id_ in catalogue(http, child)

        assert (retire(http, service, f"{key}-0", "unknown"), retire(http, service, f"{key}-0")) == (1, 0)
        assert id_ not in catalogue(http, child)
        assert put(http, service, batch(key, 1))["changed"] == 1
        assert catalogue(http, child)[id_]["name"] == f"{key} 0"

    def test_it_begins_no_session(self, http, service, key):
        child = make_child()
        id_ = put(http, service, batch(key, 1))["ids"][f"{key}-0"]
        retire(http, service, f"{key}-0")

        response = child.beat(http, title_id=id_)
        (in_bulk,) = make_gateway().results(http, [child.body(title_id=id_)])

        assert (response.status_code, response.json()) == (404, NO_TITLE)
        assert in_bulk == {"status": 404, **NO_TITLE}
        assert child.has_written_nothing()

    def test_it_may_not_start(self, http, service, key):
        child = make_child()
        id_ = put(http, service, batch(key, 1))["ids"][f"{key}-0"]
        asked = {
            "url": f"/api/v1/viewing-time/playback-eligible/{child.profile.id}",
            "params": {"title_id": id_},
            "headers": child.headers,
        }
        assert http.get(**asked).status_code == 200

        retire(http, service, f"{key}-0")

        assert (http.get(**asked).status_code, http.get(**asked).json()) == (404, NO_TITLE)

    def test_a_running_session_goes_on_and_history_keeps_it(self, http, service, key):
        child = make_child()
        id_ = put(http, service, batch(key, 1))["ids"][f"{key}-0"]
        session_id = child.watch(http, 2, title_id=id_)
        retire(http, service, f"{key}-0")

        response = child.beat(http, title_id=id_, session_id=session_id)

        assert (response.status_code, response.json()["used_minutes"]) == (200, 1.5)
        assert response.json()["session_id"] == session_id
        assert [session.title.name for session in child.sessions()] == [f"{key} 0"]

    def test_no_session_switches_to_it(self, http, service, key):
        child = make_child()
        id_ = put(http, service, batch(key, 1))["ids"][f"{key}-0"]
        session_id = child.watch(http, 1)
        retire(http, service, f"{key}-0")

        response = child.beat(http, title_id=id_, session_id=session_id)

        assert (response.status_code, response.json()) == (404, NO_TITLE)
        assert [session.ended_at for session in child.sessions()] == [None]
        assert child.beat(http, session_id=session_id).json()["used_minutes"] == 1.0

    def test_a_session_switches_away_from_it(self, http, service, key):
        child, other = make_child(), make_title()
        id_ = put(http, service, batch(key, 1))["ids"][f"{key}-0"]
        session_id = child.watch(http, 1, title_id=id_)
        retire(http, service, f"{key}-0")

        assert child.beat(http, title_id=str(other.id), session_id=session_id).status_code == 200
