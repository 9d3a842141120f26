"""Site settings: one row, edited in the admin, cached five minutes, in force in every process once saved."""

import threading
import time
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from tests.families import make_child, make_user
from tests.http import any_worker
from tests.parental.cast import make_parent
from tests.races import until
from tests.site import site
from tests.statements import statements
from viewing.hotpath import entries, lookup
from viewing.hotpath import site as site_module
from viewing.hotpath.site import site_settings
from viewing.models import SiteSettings, ViewingTimeConfig

FORM = {
    "pause_grace_seconds": "300",
    "default_weekday_limit_minutes": "120",
    "default_weekend_limit_minutes": "180",
    "default_reset_hour": "6",
    "notice": "",
}


@pytest.fixture
def staff(server):
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def saved(staff):
    """Saves the admin's form with these fields changed."""

    def save(**changed):
        name, *args = ("change", 1) if SiteSettings.objects.exists() else ("add",)
        return staff.post(reverse(f"admin:viewing_sitesettings_{name}", args=args), {**FORM, **changed})

    with site():
        yield save


def new_child(http, parent):
    answer = http.post("/api/v1/auth/profiles", json={"name": "Mia", "is_kids": True}, headers=parent.headers)
    assert answer.status_code == 201, answer.text
    return ViewingTimeConfig.objects.get(pk=answer.json()["id"])


def test_a_saved_pause_grace_is_in_force_on_the_next_beat(saved, http, clock):
    child = make_child()
    session_id = child.watch(http, 1)
    assert saved(pause_grace_seconds="30").status_code == 302

    child.beat(http, session_id=session_id, is_paused=True)
    clock.forward(seconds=31)

    assert child.beat(http, session_id=session_id, is_paused=True).json()["used_minutes"] == 1.0


def test_saved_limits_and_reset_hour_are_those_of_the_next_new_child(saved, http):
    parent = make_parent()
    new_child(http, parent)
    answer = saved(default_weekday_limit_minutes="45", default_weekend_limit_minutes="", default_reset_hour="4")
    assert answer.status_code == 302

    config = new_child(http, parent)

    assert (config.weekday_limit_minutes, config.weekend_limit_minutes, config.reset_hour) == (45, None, 4)


def test_a_saved_notice_is_what_pages_read(saved):
    assert site_settings().notice == ""

    saved(notice="We are away on Sunday from 2 to 4.")

    assert site_settings().notice == "We are away on Sunday from 2 to 4."


@pytest.mark.parametrize(
    "wrong",
    [
        {"pause_grace_seconds": "3601"},
        {"pause_grace_seconds": "-1"},
        {"default_weekday_limit_minutes": "20"},
        {"default_weekend_limit_minutes": "495"},
        {"default_reset_hour": "24"},
        {"notice": "x" * 501},
        {"notice": "\0"},
    ],
    ids=repr,
)
def test_invalid_values_are_refused_by_the_form(saved, wrong):
    assert saved(**wrong).status_code == 200

    assert SiteSettings.objects.get() == SiteSettings(id=1)
    assert SiteSettings.objects.filter(pause_grace_seconds=300, default_reset_hour=6, notice="").exists()


def test_concurrent_edits_to_different_fields_are_both_kept(saved, staff):
    with statements() as sent:
        saved(notice="Hello")

    (update,) = [statement for statement in sent.all if statement.startswith('UPDATE "viewing_sitesettings"')]
    assert '"notice"' in update
    assert '"default_reset_hour"' not in update


def test_the_list_leads_to_the_one_row(staff):
    url = reverse("admin:viewing_sitesettings_changelist")
    assert staff.get(url).headers["Location"] == reverse("admin:viewing_sitesettings_add")

    with site():
        assert staff.get(url).headers["Location"] == reverse("admin:viewing_sitesettings_change", args=[1])


def test_there_is_never_a_second_row(saved, staff):
    assert staff.post(reverse("admin:viewing_sitesettings_add"), FORM).status_code == 403

    SiteSettings(notice="another").save()

    assert SiteSettings.objects.values_list("id", "notice").get() == (1, "another")
    with pytest.raises(IntegrityError, match="site_settings_single"):
        SiteSettings.objects.bulk_create([SiteSettings(id=2)])


def test_the_row_is_not_deleted(saved, staff):
    assert staff.post(reverse("admin:viewing_sitesettings_delete", args=[1]), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": "1", "post": "yes"}
    staff.post(reverse("admin:viewing_sitesettings_changelist"), selected)

    assert SiteSettings.objects.exists()


def test_staff_without_the_right_do_not_change_it(server):
    client = Client()
    client.force_login(make_user(is_staff=True))

    with site():
        url = reverse("admin:viewing_sitesettings_change", args=[1])
        assert client.get(url).status_code == 403
        assert client.post(url, FORM).status_code == 403


def test_they_are_read_once_and_kept_for_five_minutes(server, monkeypatch):
    lookup.invalidate(entries.SITE)
    with statements() as sent:
        for _ in range(3):
            site_settings()
    assert len(sent) == 1

    written = caches["site"]._expire_info[1] - time.time()
    assert timedelta(seconds=written) == pytest.approx(timedelta(minutes=5), abs=timedelta(seconds=30))


def test_making_a_child_reads_them_from_the_cache(http):
    parent = make_parent()
    new_child(http, parent)

    with statements() as sent:
        new_child(http, parent)

    assert not [statement for statement in sent.all if "sitesettings" in statement]


@pytest.mark.parametrize("invalidate", [lambda: lookup.invalidate(entries.SITE), lookup.invalidate_all])
def test_what_was_read_before_a_change_is_not_kept(server, monkeypatch, invalidate):
    lookup.invalidate(entries.SITE)
    read = site_module._read

    def read_while_it_changes():
        found = read()
        thread = threading.Thread(target=invalidate)
        thread.start()
        thread.join()
        return found

    monkeypatch.setattr(site_module, "_read", read_while_it_changes)
    site_settings()

    assert caches["site"].get(1) is None


def test_three_workers_use_a_saved_change_immediately(three_workers, saved):
    with any_worker(three_workers.url) as http:

        def limits_of_new_children():
            return three_workers.ask_each(lambda: new_child(http, make_parent()).weekday_limit_minutes)

        assert limits_of_new_children() == [120] * 3

        saved(default_weekday_limit_minutes="30")

        until(lambda: limits_of_new_children() == [30] * 3)


def test_three_workers_use_a_saved_pause_grace(three_workers, saved):
    with any_worker(three_workers.url) as http:

        def counts_paused():
            """Whether a beat one second after the pause began still counts."""
            child = make_child()
            session_id = child.watch(http, 1)
            child.beat(http, session_id=session_id, is_paused=True)
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE viewing_viewingsession SET paused_at = paused_at - interval '2 seconds' WHERE id = %s",
                    [session_id],
                )
            return child.beat(http, session_id=session_id, is_paused=True).json()["used_minutes"] == 1.5

        assert all(three_workers.ask_each(counts_paused))
        saved(pause_grace_seconds="1")

        until(lambda: not any(three_workers.ask_each(counts_paused)))
