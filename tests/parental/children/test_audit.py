"""The audit of an account's children: grants and settings changes, newest first, in pages that lose nothing."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from parental.children import audit
from parental.children.audit import PAGE, Place
from parental.models import AuditEntry, SettingsChange, TimeGrant
from tests.families import make_child
from tests.statements import statements
from tests.viewing.watched import plans

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def child(committed):
    return make_child()


def grant(child, at, minutes=30):
    return TimeGrant.objects.create(
        profile=child.profile,
        is_remote=True,
        minutes=minutes,
        day=at.date(),
        granted_at=at,
        granted_by=child.profile.user,
    )


def change(child, at, new=60):
    return SettingsChange.objects.create(
        profile=child.profile, field="weekday_limit_minutes", old_value=120, new_value=new, changed_at=at
    )


def note(child, at, **fields):
    return AuditEntry.objects.create(
        family=child.profile.user, profile=child.profile, kind="device_paired", at=at, **fields
    )


def rows(*children, after=None):
    found, last = audit.entries([child.profile.id for child in children], family_id=None, after=after)
    return [entry.row for entry in found], last


def all_pages(*children):
    pages, last = [], None
    while not pages or last:
        found, last = rows(*children, after=audit.place(str(last)) if last else None)
        pages.append(found)
        assert len(pages) < 20
    return pages


def test_grants_and_changes_stand_in_one_row_newest_first(child):
    first, second, third = (
        grant(child, NOON),
        change(child, NOON + timedelta(hours=1)),
        grant(child, NOON + timedelta(2)),
    )

    assert rows(child) == ([third, second, first], None)


def test_only_the_profiles_that_are_asked_for(child):
    other = make_child()
    grant(other, NOON)
    change(other, NOON)
    mine = grant(child, NOON)

    assert rows(child)[0] == [mine]
    assert len(rows(child, other)[0]) == 3
    assert rows() == ([], None)


@pytest.mark.parametrize(("count", "sizes"), [(PAGE, [PAGE]), (PAGE + 1, [PAGE, 1]), (2 * PAGE + 10, [PAGE, PAGE, 10])])
def test_pages_hold_fifty(child, count, sizes):
    for n in range(count):
        (grant, change, note)[n % 3](child, NOON + timedelta(minutes=n))

    pages = all_pages(child)

    assert [len(page) for page in pages] == sizes
    columns = ("granted_at", "changed_at", "at")
    times = [getattr(row, column) for page in pages for row in page for column in columns if hasattr(row, column)]
    assert times == [NOON + timedelta(minutes=n) for n in reversed(range(count))]


@pytest.mark.parametrize(
    "counts",
    [(60, 60, 0), (50, 60, 50), (49, 60, 1), (0, 120, 3), (120, 0, 120), (0, 0, 101), (30, 0, 30), (17, 17, 17)],
)
def test_what_happened_in_one_instant_is_neither_lost_nor_listed_twice(child, counts):
    makers = (grant, change, note)
    made = [make(child, NOON) for make, count in zip(makers, counts, strict=True) for _ in range(count)]
    made += [make(child, NOON - timedelta(hours=1)) for make in makers]

    listed = [row for page in all_pages(child) for row in page]

    assert len(listed) == len(made)
    assert set(listed) == set(made)


def test_what_is_added_while_one_reads_moves_no_page(child):
    for n in range(PAGE + 5):
        change(child, NOON + timedelta(minutes=n))
    _, last = rows(child)
    grant(child, NOON + timedelta(days=1))

    assert len(rows(child, after=last)[0]) == 5


@pytest.mark.parametrize("entry", [("grant", uuid.UUID(int=1)), ("change", 17), ("entry", 17)])
def test_a_place_is_read_as_it_is_written(entry):
    place = Place(NOON, *entry)

    assert audit.place(str(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~~",
        "~",
        "a~b~c",
        "2026-03-04T12:00:00Z~grant~17",
        "2026-03-04T12:00:00Z~change~00000000-0000-4000-8000-000000000000",
        "2026-03-04T12:00:00Z~other~17",
        "2026-03-04T12:00:00Z~entry~00000000-0000-4000-8000-000000000000",
        "2026-03-04T12:00:00~change~17",
        "2026-13-04T12:00:00Z~change~17",
        "2026-03-04~change~17",
        f"2026-03-04T12:00:00Z~change~{'9' * 19}",
        "2026-03-04T12:00:00Z~change~-1",
        "2026-03-04T12:00:00Z~change~١٧",
        "2026-03-04T12:00:00Z~change~17\0",
        "2026-03-04T12:00:00Z~change~17~",
    ],
)
def test_what_is_no_place_is_none(text):
    assert audit.place(text) is None


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_place_at_the_calendars_edge_is_looked_for_like_any_other(child, at):
    grant(child, NOON)

    found, _ = rows(child, after=audit.place(f"{at}~change~{'9' * 18}"))

    assert len(found) == (at > "2026")


def test_a_statement_per_source_that_reads_no_more_than_a_page(child):
    for n in range(60):
        grant(child, NOON + timedelta(minutes=n))
        note(child, NOON + timedelta(minutes=n))
        change(child, NOON + timedelta(minutes=n))

    with statements() as sent:
        found, _ = rows(child, after=Place(NOON + timedelta(minutes=58), "change", 1))
        # What a page shows of each needs no further statement.
        assert {entry.player_token for entry in found if isinstance(entry, TimeGrant)} == {None}

    # 1. the grants with their devices  2. the changes  3. the other events
    assert len(sent) == 3, sent
    assert all(f"LIMIT {PAGE + 1}" in text for text in sent.all), sent


def test_events_of_the_account_are_in_the_audit_of_the_whole_family_alone(child):
    other, account = make_child(), child.profile.user
    for_account = AuditEntry.objects.create(family=account, kind="login", at=NOON)
    AuditEntry.objects.create(family=other.profile.user, kind="login", at=NOON)
    of_child = note(child, NOON - timedelta(hours=1))

    found, _ = audit.entries([child.profile.id], family_id=account.id, after=None)

    assert [entry.row for entry in found] == [for_account, of_child]
    assert rows(child)[0] == [of_child]


def test_each_source_is_found_by_its_index(child):
    crowd = [make_child() for _ in range(20)]
    TimeGrant.objects.bulk_create(
        TimeGrant(
            profile=each.profile, is_remote=True, minutes=15, day=NOON.date(), granted_at=NOON - timedelta(hours=n)
        )
        for each in (child, *crowd)
        for n in range(500)
    )
    SettingsChange.objects.bulk_create(
        SettingsChange(profile=each.profile, field="reset_hour", changed_at=NOON - timedelta(hours=n))
        for each in (child, *crowd)
        for n in range(500)
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(family=each.profile.user, profile=each.profile, kind="login", at=NOON - timedelta(hours=n))
        for each in (child, *crowd)
        for n in range(500)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE parental_timegrant, parental_settingschange, parental_auditentry")

    place = Place(NOON - timedelta(hours=100), "change", 1)
    with plans() as found:
        rows(child, after=place)
        audit.entries([child.profile.id], family_id=child.profile.user_id, after=place)

    scans = [
        ("Index Scan Backward using grant_profile_granted_idx", "granted_at"),
        ("Index Scan Backward using change_profile_changed_idx", "changed_at"),
    ]
    expected = [*scans, ("Index Scan using audit_profile_at_idx", "at")]
    expected += [*scans, ("Index Scan using audit_family_at_idx", "at")]
    for plan, (scan, column) in zip(found, expected, strict=True):
        assert scan in plan, plan
        condition = plan.split("Index Cond:")[1].splitlines()[0]
        assert f"{column} <= " in condition, plan
    for model in (TimeGrant, SettingsChange, AuditEntry):
        model.objects.filter(profile__in=[each.profile for each in (child, *crowd)]).delete()
