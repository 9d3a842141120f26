"""What every beat updates is updated in place: no index is touched (HOT), and autovacuum comes early."""

from django.core.management import call_command
from django.db import connection

from tests.families import make_gateway, make_player, make_title, make_user
from tests.races import until

TABLES = ["viewing_viewingsession", "viewing_viewingtimebalance"]
AUTOVACUUM = {
    "fillfactor=70",
    "autovacuum_vacuum_scale_factor=0.02",
    "autovacuum_vacuum_threshold=1000",
    "autovacuum_vacuum_insert_scale_factor=0.05",
    "autovacuum_analyze_scale_factor=0.02",
}


def updates(table):
    """(all updates so far, those that touched no index), as PostgreSQL counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s", [table])
        return cursor.fetchone()


def options(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        return set(cursor.fetchone()[0] or ())


def test_nine_of_ten_updates_of_real_beats_touch_no_index(http):
    user, title, gateway = make_user(), make_title(), make_gateway()
    children = [make_player(user, title=title) for _ in range(250)]
    first = gateway.results(http, [child.body() for child in children])
    bodies = [
        child.body(session_id=result["body"]["session_id"]) for child, result in zip(children, first, strict=True)
    ]
    before = {table: updates(table) for table in TABLES}

    for _ in range(40):
        gateway.results(http, bodies)

    # A backend reports its counts at most once a second, with its next statement.
    def reported():
        children[0].beat(http)
        return all(updates(table)[0] - before[table][0] >= 40 * 250 for table in TABLES)

    until(reported)

    for table in TABLES:
        (all_before, hot_before), (all_after, hot_after) = before[table], updates(table)
        share = (hot_after - hot_before) / (all_after - all_before)
        assert share >= 0.9, (table, share)


def test_no_index_holds_what_a_beat_changes(committed):
    changed = {
        "viewing_viewingsession": "last_heartbeat_at counted_seconds exempt_seconds paused_at last_sequence"
        " last_sequence_at",
        "viewing_viewingtimebalance": "used_seconds educational_seconds",
    }
    with connection.cursor() as cursor:
        for table, columns in changed.items():
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [table])
            definitions = " ".join(definition for (definition,) in cursor.fetchall())
            assert "profile_id" in definitions
            assert not [column for column in columns.split() if column in definitions]


def test_autovacuum_looks_at_them_early(committed):
    for table in TABLES:
        assert options(table) == AUTOVACUUM


def test_its_settings_can_be_taken_back(committed):
    try:
        call_command("migrate", "viewing", "0004_gateway_tokens", verbosity=0)
        assert [options(table) for table in TABLES] == [{"fillfactor=70"}] * 2
    finally:
        call_command("migrate", verbosity=0)
    assert [options(table) for table in TABLES] == [AUTOVACUUM] * 2
