"""A child's limits in the admin: in force at once, audited, and nothing but what was changed."""

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from parental.admin import ProfileAdmin
from parental.models import SettingsChange
from tests.families import make_child, make_user
from tests.parental.homes import make_home
from tests.statements import statements
from viewing.models import Profile, ViewingTimeConfig


@pytest.fixture
def staff(server):
    user = make_user(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def form_of(profile, **changes):
    config = {
        "profile": profile.id,
        "weekday_limit_minutes": profile.config.weekday_limit_minutes,
        "weekend_limit_minutes": profile.config.weekend_limit_minutes,
        "educational_exempt": "on" if profile.config.educational_exempt else "",
    }
    named = {name: changes.pop(name) for name in list(changes) if name in ("name", "is_kids")}
    form = {"user": profile.user_id, "name": profile.name, "is_kids": "on", **named}
    form |= {"config-TOTAL_FORMS": "1", "config-INITIAL_FORMS": "1"}
    form |= {f"config-0-{name}": value for name, value in {**config, **changes}.items()}
    is_unticked = lambda name: name.endswith(("is_kids", "educational_exempt")) and not form[name]  # noqa: E731
    return {name: str(value) for name, value in form.items() if not is_unticked(name)}


def save(staff, profile, **changes):
    url = reverse("admin:viewing_profile_change", args=[profile.id])
    answer = staff.post(url, form_of(profile, **changes))
    assert answer.status_code == 302, answer.context["errors"]


def audited(profile):
    rows = SettingsChange.objects.filter(profile=profile).order_by("id")
    return list(rows.values_list("field", "old_value", "new_value", "changed_by"))


def test_changed_limits_are_in_force_on_the_next_beat(staff, http):
    child = make_child()
    session_id = child.watch(http, 1)

    save(staff, child.profile, weekday_limit_minutes=30, weekend_limit_minutes=30)

    assert child.beat(http, session_id=session_id).json()["remaining_minutes"] == 29.0


def test_a_reset_is_not_theirs_to_move(staff):
    """It would give a second allowance."""
    profile = make_child().profile

    save(staff, profile, reset_hour=5, timezone="Pacific/Kiritimati")

    profile.config.refresh_from_db()
    assert (profile.config.timezone, profile.config.reset_hour) == ("UTC", 0)
    assert audited(profile) == []


def test_a_limit_that_no_parent_could_set_is_refused(staff):
    profile = make_child().profile
    url = reverse("admin:viewing_profile_change", args=[profile.id])

    answer = staff.post(url, form_of(profile, weekday_limit_minutes=20))

    assert "in steps of 15" in answer.content.decode()
    assert audited(profile) == []


def test_the_familys_audit_shows_who_changed_what(staff):
    profile = make_child().profile

    save(staff, profile, weekday_limit_minutes=30, weekend_limit_minutes="", educational_exempt="")

    assert audited(profile) == [
        ("weekday_limit_minutes", 120, 30, staff.user.id),
        ("weekend_limit_minutes", 120, None, staff.user.id),
        ("educational_exempt", True, False, staff.user.id),
    ]


def test_the_familys_page_shows_it_without_a_name(staff):
    profile = make_child().profile
    save(staff, profile, weekday_limit_minutes=30)
    parent = Client()
    parent.force_login(profile.user)

    page = parent.get("/audit").content.decode()

    assert "by our staff" in page
    assert staff.user.email not in page


def test_what_is_not_changed_is_not_audited(staff):
    profile = make_child().profile

    save(staff, profile, name="Noor")

    assert Profile.objects.get(id=profile.id).name == "Noor"
    assert audited(profile) == []


def test_only_what_was_changed_is_written(staff):
    """A parent may change the rest at the same time: a reset that was moved, the name."""
    profile = make_child().profile

    with statements() as sent:
        save(staff, profile, weekday_limit_minutes=30)

    updates = [statement for statement in sent.all if statement.startswith(("UPDATE", "WITH"))]
    (update,) = [statement for statement in updates if "viewing_viewingtimeconfig" in statement]
    assert "weekday_limit_minutes" in update
    assert not [name for name in ("weekend", "timezone", "reset_hour", "held_", "exempt") if name in update]
    assert not [statement for statement in updates if "viewing_profile" in statement]


def test_a_reset_moved_by_a_parent_at_the_same_time_is_kept(staff, http, monkeypatch):
    """And so does the day that the move holds. The form has read the row by then."""
    home = make_home(reset_hour=0)
    proof, save_model = home.pin_token(), ProfileAdmin.save_model

    def change_then_save(*args):
        assert home.change(http, reset_hour=5, pin_token=proof).status_code == 200
        save_model(*args)

    monkeypatch.setattr(ProfileAdmin, "save_model", change_then_save)
    save(staff, home.child.profile, weekday_limit_minutes=30)

    assert (home.config.reset_hour, home.config.weekday_limit_minutes) == (5, 30)
    assert home.config.held_until is not None


def test_a_child_without_settings_gets_those_of_the_form(staff):
    profile = make_child().profile
    form = form_of(profile, weekday_limit_minutes=45, reset_hour=0, timezone="UTC")
    ViewingTimeConfig.objects.filter(profile=profile).delete()

    answer = staff.post(
        reverse("admin:viewing_profile_change", args=[profile.id]), {**form, "config-INITIAL_FORMS": "0"}
    )

    assert answer.status_code == 302, answer.context["errors"]
    assert ViewingTimeConfig.objects.get(profile=profile).weekday_limit_minutes == 45


def test_a_new_child_has_the_limits_that_staff_gave_it(staff):
    form = {"user": str(make_user().id), "name": "Mia", "is_kids": "on", "config-TOTAL_FORMS": "1"}
    form |= {"config-INITIAL_FORMS": "0", "config-0-weekday_limit_minutes": "45", "config-0-timezone": "Asia/Tokyo"}
    form |= {"config-0-weekend_limit_minutes": "60", "config-0-reset_hour": "4"}

    answer = staff.post(reverse("admin:viewing_profile_add"), form)

    assert answer.status_code == 302, answer.context["errors"]
    config = ViewingTimeConfig.objects.get(profile__user=form["user"])
    assert (config.weekday_limit_minutes, config.weekend_limit_minutes) == (45, 60)
    assert (config.timezone, config.reset_hour, config.educational_exempt) == ("Asia/Tokyo", 4, False)


def test_deleting_a_child_erases_all_that_belongs_to_it(staff, http):
    home = make_home()
    home.child.watch(http, 2)
    home.grant(http, 30)
    home.change(http, weekday_limit_minutes=30, weekend_limit_minutes=30)
    url = reverse("admin:viewing_profile_delete", args=[home.child.profile.id])
    assert staff.get(url).status_code == 200

    assert staff.post(url, {"post": "yes"}).status_code == 302

    left = [
        model.__name__
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Profile and model.objects.filter(**{field.name: home.child.profile.id}).exists()
    ]
    assert left == []
    assert not Profile.objects.filter(pk=home.child.profile.id).exists()
    assert home.child.beat(http).status_code == 401


def test_a_child_stays_with_its_account(staff):
    profile, other = make_child().profile, make_user()
    url = reverse("admin:viewing_profile_change", args=[profile.id])

    assert staff.post(url, form_of(profile, name="Noor") | {"user": str(other.id)}).status_code == 302

    found = Profile.objects.get(id=profile.id)
    assert (found.name, found.user_id) == ("Noor", profile.user_id)
