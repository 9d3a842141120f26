"""A history is written byte for byte as Ninja's response writes it."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st
from ninja.responses import Response
from pydantic import TypeAdapter

from viewing.reports.answers import History, HistoryDay, WatchedSession
from viewing.reports.history_json import history_json

TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC)) | st.sampled_from(
    [datetime(2026, 3, 4, 10, tzinfo=UTC), datetime(2026, 3, 4, 10, 0, 0, 999, tzinfo=UTC)]
)
MINUTES = st.integers(0, 10_000_000).map(lambda seconds: round(seconds / 60, 2))
SESSIONS = st.builds(
    WatchedSession,
    session_id=st.uuids(),
    title_id=st.uuids(),
    title_name=st.text(),
    device_type=st.sampled_from(["tv", "mobile"]) | st.text(),
    is_educational=st.booleans(),
    started_at=TIMES,
    ended_at=st.none() | TIMES,
    duration_minutes=MINUTES,
    stopped_without_notice=st.booleans(),
)
DAYS = st.builds(
    HistoryDay,
    date=st.dates(date(2020, 1, 1)),
    total_minutes=MINUTES,
    educational_minutes=MINUTES,
    counted_minutes=MINUTES,
    sessions=st.lists(SESSIONS, max_size=3),
)
HISTORIES = st.builds(History, profile_id=st.uuids(), days=st.lists(DAYS, max_size=3), truncated=st.booleans())


@given(HISTORIES)
def test_it_is_what_ninja_writes(history):
    written = Response(TypeAdapter(History).dump_python(history, exclude_defaults=True))

    assert history_json(history).encode() == written.content
