"""GET /catalog/titles: pages, search, ETags, and the whole catalogue as bytes."""

import asyncio
import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from perfmetrics.counting.cache import counted
from tests.families import make_child, make_title, make_user
from tests.parental.cast import fields_of
from tests.statements import statements
from viewing.catalogue import listing, sql
from viewing.hotpath import lookup
from viewing.hotpath.entries import CATALOG
from viewing.models import Title

TITLES = "/api/v1/catalog/titles"


@pytest.fixture
def child(server):
    return make_child()


@pytest.fixture
def word():
    """A word that no other title has."""
    return f"w{uuid.uuid4().hex}"


def ask(http, child, **parameters):
    return http.get(TITLES, params=parameters, headers=child.headers)


def names(http, child, **parameters):
    response = ask(http, child, **parameters)
    assert response.status_code == 200, response.text
    return [title["name"] for title in response.json()]


def test_pages_add_up_to_the_whole(http, child, word):
    made = [make_title(f"{word} {n:02}") for n in range(7)]
    seen, after = [], None
    while True:
        page = ask(http, child, q=word, limit=3, **({"after": after} if after else {})).json()
        if not page:
            break
        seen += page
        after = page[-1]["id"]

    assert [title["id"] for title in seen] == [str(title.id) for title in made]
    whole = {title["id"]: title for title in ask(http, child).json()}
    assert all(whole[title["id"]] == title for title in seen)


def test_titles_of_one_name_are_not_lost_between_pages(http, child, word):
    made = {str(make_title(word).id) for _ in range(4)}
    first = ask(http, child, q=word, limit=2).json()
    second = ask(http, child, q=word, limit=2, after=first[-1]["id"]).json()

    assert {title["id"] for title in first + second} == made


def test_it_finds_the_beginnings_of_words(http, child, word):
    name = f"The {word}abc of Bees & söhne"
    make_title(name)
    make_title(f"X{word}")

    for text in (word, f"{word.upper()}A söh bEE the", f"'{word}' & !bees:*"):
        assert names(http, child, q=text) == [name], text
    for text in ("!?&|:*()'", f"{word}zzz", f"{word} ees"):
        assert names(http, child, q=text) == []


def test_what_a_title_is_called_is_written_as_json(http, child, word):
    name = f'{word} "\\/\N{SNOWMAN}\U0001f3ac</script> %s {{}}'
    make_title(name, is_educational=True)

    (found,) = ask(http, child, q=word).json()

    assert (found["name"], found["is_educational"]) == (name, True)
    counted("catalog").clear()
    assert found in ask(http, child).json()


def test_retired_titles_are_not_listed_but_are_places(http, child, word):
    first, gone, last = (make_title(f"{word} {n}") for n in "abc")
    Title.objects.filter(pk=gone.pk).update(retired_at=timezone.now())

    assert names(http, child, q=word) == [first.name, last.name]
    assert names(http, child, q=word, after=str(gone.id)) == [last.name]


@pytest.mark.parametrize("parameters", [{}, {"limit": 5}])
def test_an_etag_saves_the_body(http, child, parameters):
    first = ask(http, child, **parameters)
    etag = first.headers["ETag"]

    again = http.get(TITLES, params=parameters, headers={**child.headers, "If-None-Match": etag})
    other = http.get(TITLES, params=parameters, headers={**child.headers, "If-None-Match": '"other"'})

    assert etag.startswith('"')
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert (other.status_code, other.content) == (200, first.content)
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_change_gives_another_etag(http, child, word):
    before = ask(http, child).headers["ETag"]
    staff = Client()
    staff.force_login(make_user(is_staff=True, is_superuser=True))
    staff.post(reverse("admin:viewing_title_add"), {"name": word})

    after = ask(http, child)

    assert after.headers["ETag"] != before
    assert word in [title["name"] for title in after.json()]


@pytest.mark.parametrize(
    "parameters", [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"after": "x"}, {"q": "x" * 101}]
)
def test_wrong_parameters_are_422(http, child, parameters):
    assert [field[0][0] for field in fields_of(ask(http, child, **parameters))] == ["query"]


def test_an_unknown_place_is_404(http, child):
    response = ask(http, child, after=str(uuid.uuid4()))

    assert (response.status_code, response.json()["code"]) == (404, "title_unknown")


def test_a_page_is_one_statement(http, child, word):
    make_title(word)
    ask(http, child, q=word)

    with statements() as found:
        assert names(http, child, q=word, limit=10) == [word]

    assert len(found) == 1


class TestMaking:
    """In the test's own loop, with parts that it chooses."""

    @pytest.fixture(autouse=True)
    def _parts(self, server, monkeypatch):
        counted("catalog").clear()
        monkeypatch.setattr(listing, "_making", None)
        self.read, self.parts, self.during = 0, [["a", "b"], ["c"]], lambda: None

        async def run(_function, after):
            self.read += 1
            self.during()
            names = self.parts[0 if after is None else 1]
            return [sql.Line(uuid.uuid4(), name, json.dumps({"name": name}), False, None) for name in names]

        monkeypatch.setattr(listing.threads.reads, "run", run)
        monkeypatch.setattr(listing, "PART", 2)
        yield
        counted("catalog").clear()

    def test_it_is_read_in_parts_and_once_for_all_who_ask(self):
        async def ask_all():
            return await asyncio.gather(*(listing.whole() for _ in range(5)))

        found = asyncio.run(ask_all())

        assert self.read == 2
        assert {one.body for one in found} == {b'[{"name": "a"},{"name": "b"},{"name": "c"}]'}
        assert asyncio.run(listing.whole()) is found[0]
        assert self.read == 2

    def test_what_changes_while_it_is_read_is_read_again(self):
        changes = [1]

        def change_once():
            if changes:
                changes.pop()
                lookup.invalidate(CATALOG)
                self.parts = [["z"], []]

        self.during = change_once

        assert asyncio.run(listing.whole()).body == b'[{"name": "z"}]'
        assert asyncio.run(listing.whole()).body == b'[{"name": "z"}]'

    def test_what_changes_all_the_time_is_served_and_not_kept(self):
        self.during = lambda: lookup.invalidate(CATALOG)

        asyncio.run(listing.whole())
        read = self.read
        asyncio.run(listing.whole())

        assert read == 2 * listing.MAX_TRIES
        assert self.read == 2 * read


class TestAdminSearch:
    @pytest.fixture
    def found(self, server):
        staff = Client()
        staff.force_login(make_user(is_staff=True, is_superuser=True))

        def search(text):
            page = staff.get(reverse("admin:viewing_title_changelist"), {"q": text})
            assert page.status_code == 200
            return [title.name for title in page.context["cl"].result_list]

        return search

    def test_by_name_external_id_and_id(self, found, word):
        title = Title.objects.create(name=f"The {word} Film", external_id=f"cat:{word}")

        for text in (word, f"{word[:12]} fil", f"cat:{word}", str(title.id)):
            assert found(text) == [title.name], text
        for text in (f"{word}zzz", "'&|"):
            assert found(text) == []
