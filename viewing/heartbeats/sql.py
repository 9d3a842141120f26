"""The two statements of a batch of heartbeats. `viewing/heartbeats/decide.py` decides when each runs.

Each takes its whole batch as one JSON parameter: half the cost of fifteen arrays in Python, one type for the server to
prepare, and it may hold nulls. Locks are taken in the order (profile, session id), then the balances by profile.
"""

from collections.abc import Sequence

from pydantic_core import to_json

from viewing.heartbeats.beats import Decision, Row
from viewing.hotpath.threads import execute_as
from viewing.models import (
    ViewingSession,
    ViewingTimeBalance,
)
from viewing.rules import BEAT_SECONDS, REPLAY_SECONDS

# A child that zaps begins fewer. The sessions themselves are counted, so that the bound holds across processes: of
# parallel first beats the unique index lets one begin, and the others count again.
MAX_BEGUN = 30
BEGUN_WITHIN_SECONDS = 60

BALANCE = ViewingTimeBalance._meta.db_table
SESSION = ViewingSession._meta.db_table

# The beats of a batch, as `Beat.as_row` writes them.
_BEATS = """
    SELECT * FROM json_to_recordset(%(beats)s::json) AS b(
        n int, profile_id uuid, session_id uuid, title_id uuid, title_known bool, title_is_educational bool,
        device_id text, device_type text, sequence bigint, is_paused bool, is_kids bool, is_exempt bool,
        limit_seconds int, pause_grace_seconds int, day date, at timestamptz, is_blocked bool, cap_seconds int,
        title_is_retired bool)
"""

# Adds to the balances and returns them. A beat that counts nothing adds 0: a plain read would see the balance as of the
# start of the statement. Index: balance_profile_day_uniq.
_ADD_TO_BALANCES = f"""
    INSERT INTO {BALANCE} AS balance
        (profile_id, day, used_seconds, educational_seconds, granted_seconds, is_unlimited_override)
    SELECT profile_id, day, used_seconds, educational_seconds, 0, false FROM charge ORDER BY profile_id
    ON CONFLICT (profile_id, day) DO UPDATE SET
        used_seconds = balance.used_seconds + excluded.used_seconds,
        educational_seconds = balance.educational_seconds + excluded.educational_seconds
    RETURNING profile_id, day, used_seconds, granted_seconds, is_unlimited_override
"""

_BALANCE = f"balance AS ({_ADD_TO_BALANCES})"

# Nothing may begin on the day of beat `b`, as `rules.Allowance` and `rules.standing` decide it. `today` is the day's
# balance, all null before its first row. Never true for an adult or where nothing limits: `least` ignores nulls and is
# null when all are, and a condition that is null takes no branch. Without a week plan its two operands are null.
_NOTHING_LEFT = """
    (b.is_kids AND (b.is_blocked OR NOT coalesce(today.is_unlimited_override, false)
        AND coalesce(today.used_seconds, 0)
            >= least(b.limit_seconds, b.cap_seconds) + coalesce(today.granted_seconds, 0)))
"""

# Beats that carry a session, decided in the order of docs/contract.md#continuing-a-session. Indexes: the sessions'
# primary key; session_active_uniq for the successor; balance_profile_day_uniq.
_CONTINUE = f"""
WITH beat AS MATERIALIZED ({_BEATS}),
locked AS MATERIALIZED (
    SELECT s.* FROM {SESSION} s WHERE s.id IN (SELECT session_id FROM beat)
    ORDER BY s.profile_id, s.id FOR NO KEY UPDATE
),
decided AS MATERIALIZED (
    SELECT
        b.*, s.is_educational, s.end_reason, next.id AS next_id, next.is_educational AS next_is_educational,
        greatest(b.day, s.day) AS balance_day,
        CASE
            WHEN s.id IS NULL THEN 'unknown'
            WHEN s.profile_id <> b.profile_id THEN 'foreign'
            WHEN NOT b.title_known THEN 'no_title'
            WHEN b.sequence BETWEEN 0 AND s.last_sequence
                AND s.last_sequence_at >= b.at - interval '{REPLAY_SECONDS} seconds' THEN 'replay'
            WHEN next.id IS NOT NULL THEN 'successor'
            WHEN s.ended_at IS NOT NULL THEN 'ended'
            -- No switch to it; what is watched already goes on.
            WHEN b.title_is_retired AND s.title_id <> b.title_id THEN 'no_title'
            -- Only a later day: the clocks of two hosts may differ when it turns.
            WHEN s.title_id <> b.title_id OR b.day > s.day THEN 'switch'
            ELSE 'counted'
        END AS verdict,
        CASE
            WHEN b.at > s.paused_at + b.pause_grace_seconds * interval '1 second' THEN 0
            WHEN b.is_paused AND {_NOTHING_LEFT} THEN 0
            ELSE {BEAT_SECONDS}
        END AS seconds,
        b.is_kids AND NOT (s.is_educational AND b.is_exempt) AS is_charged
    FROM beat b
    LEFT JOIN locked s ON s.id = b.session_id
    LEFT JOIN LATERAL (
        SELECT p.used_seconds, p.granted_seconds, p.is_unlimited_override FROM {BALANCE} p
        WHERE b.is_paused AND p.profile_id = b.profile_id AND p.day = s.day LIMIT 1
    ) today ON true
    LEFT JOIN LATERAL (
        SELECT n.id, n.is_educational FROM {SESSION} n
        WHERE s.end_reason IN ('switched', 'day_turned')
            AND n.profile_id = s.profile_id AND n.ended_at IS NULL AND n.started_at = s.ended_at
            AND n.first_sequence = b.sequence AND n.device_id = b.device_id AND n.title_id = b.title_id
        LIMIT 1
    ) next ON true
),
counted AS (
    UPDATE {SESSION} s SET
        last_heartbeat_at = greatest(s.last_heartbeat_at, d.at),
        counted_seconds = s.counted_seconds + CASE WHEN d.is_charged THEN d.seconds ELSE 0 END,
        exempt_seconds = s.exempt_seconds + CASE WHEN d.is_charged THEN 0 ELSE d.seconds END,
        paused_at = CASE WHEN d.is_paused THEN coalesce(s.paused_at, d.at) END,
        last_sequence = coalesce(d.sequence, s.last_sequence),
        last_sequence_at = CASE WHEN d.sequence IS NULL THEN s.last_sequence_at ELSE d.at END
    FROM decided d WHERE d.verdict = 'counted' AND s.id = d.session_id
),
charge AS (
    SELECT
        profile_id, balance_day AS day,
        CASE WHEN verdict = 'counted' AND is_charged THEN seconds ELSE 0 END AS used_seconds,
        CASE WHEN verdict = 'counted' AND is_educational THEN seconds ELSE 0 END AS educational_seconds
    FROM decided WHERE is_kids AND verdict IN ('counted', 'replay', 'successor')
),
{_BALANCE}
SELECT
    d.n, d.verdict, coalesce(d.next_id, d.session_id) AS session_id,
    coalesce(d.next_is_educational, d.is_educational) AS is_educational, d.end_reason, d.balance_day AS day,
    balance.used_seconds, balance.granted_seconds, balance.is_unlimited_override
FROM decided d LEFT JOIN balance ON balance.profile_id = d.profile_id
"""

# First beats (no session_id) and switches (the session that they leave). The insert reads what the update returned, so
# the running session ends first and the unique index agrees; a rival between the statement's snapshot and here meets
# that index, and the statement runs again. Indexes: session_active_uniq, balance_profile_day_uniq; for the profile's
# newest sessions session_profile_started_idx.
#
# Each row is looked up by LATERAL ... LIMIT 1, here and above, so that no plan depends on statistics: an ANALYZE that
# saw no session run made the planner read all running sessions for every beat. `begins` is a boolean because the
# planner takes half of the beats to be true of it, and one in two hundred to have a given text: it would then compare
# every beat with every other.
_BEGIN = f"""
WITH beat AS MATERIALIZED ({_BEATS}),
present AS MATERIALIZED (
    SELECT
        b.*, gen_random_uuid() AS new_session_id, again.id AS again_id, again.is_educational AS again_is_educational,
        today.used_seconds, today.granted_seconds, today.is_unlimited_override, many.begun_at,
        decided.intent, decided.intent = 'begin' AS begins, greatest(b.day, again.day) AS balance_day
    FROM beat b
    LEFT JOIN LATERAL (
        SELECT p.used_seconds, p.granted_seconds, p.is_unlimited_override FROM {BALANCE} p
        WHERE p.profile_id = b.profile_id AND p.day = b.day LIMIT 1
    ) today ON true
    LEFT JOIN LATERAL (
        SELECT s.id, s.is_educational, s.day FROM {SESSION} s
        WHERE b.session_id IS NULL AND s.profile_id = b.profile_id AND s.ended_at IS NULL
            AND s.first_sequence = b.sequence AND s.last_sequence = s.first_sequence
            AND s.last_heartbeat_at = s.started_at AND s.device_id = b.device_id AND s.title_id = b.title_id
            AND s.started_at >= b.at - interval '{REPLAY_SECONDS} seconds'
        LIMIT 1
    ) again ON true
    LEFT JOIN LATERAL (
        SELECT s.started_at AS begun_at FROM {SESSION} s
        WHERE s.profile_id = b.profile_id AND s.started_at > b.at - interval '{BEGUN_WITHIN_SECONDS} seconds'
            -- Always true: a range is taken for fewer rows, which are then read in the index's order.
            AND s.started_at < b.at + interval '1 day'
        ORDER BY s.started_at DESC OFFSET {MAX_BEGUN - 1} LIMIT 1
    ) many ON true
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN again.id IS NOT NULL THEN 'replay'
            WHEN {_NOTHING_LEFT} THEN 'nothing_left'
            WHEN many.begun_at IS NOT NULL THEN 'rate_limited'
            ELSE 'begin'
        END AS intent
    ) decided
),
locked AS MATERIALIZED (
    SELECT s.id, p.n FROM (
        SELECT n, session_id, (
            SELECT a.id FROM {SESSION} a WHERE a.profile_id = present.profile_id AND a.ended_at IS NULL LIMIT 1
        ) AS active_id
        FROM present WHERE begins
    ) p JOIN {SESSION} s ON s.id = p.active_id
    -- The same as `ended_at IS NULL`, which would let the planner read session_active_uniq as a whole.
    WHERE s.end_reason = '' AND (p.session_id IS NULL OR p.session_id = s.id)
    ORDER BY s.profile_id, s.id FOR NO KEY UPDATE OF s
),
ended AS (
    UPDATE {SESSION} s SET
        ended_at = p.at,
        end_reason = CASE
            WHEN p.session_id IS NULL THEN 'taken_over' WHEN p.day > s.day THEN 'day_turned' ELSE 'switched'
        END
    FROM locked l JOIN present p ON p.n = l.n WHERE s.id = l.id
    RETURNING l.n, CASE WHEN p.session_id IS NOT NULL THEN s.paused_at END AS paused_at
),
beginning AS (
    SELECT
        p.*, coalesce(e.paused_at, p.at) AS paused_at,
        CASE
            WHEN p.at > e.paused_at + p.pause_grace_seconds * interval '1 second' THEN 0 ELSE {BEAT_SECONDS}
        END AS seconds,
        p.is_kids AND NOT (p.title_is_educational AND p.is_exempt) AS is_charged
    FROM present p LEFT JOIN ended e ON e.n = p.n
    WHERE p.begins AND (p.session_id IS NULL OR e.n IS NOT NULL)
),
begun AS (
    INSERT INTO {SESSION} (
        id, profile_id, title_id, device_id, device_type, is_educational, day, started_at, last_heartbeat_at,
        end_reason, counted_seconds, exempt_seconds, paused_at, first_sequence, last_sequence, last_sequence_at)
    SELECT
        new_session_id, profile_id, title_id, device_id, device_type, title_is_educational, day, at, at,
        '', CASE WHEN is_charged THEN seconds ELSE 0 END, CASE WHEN is_charged THEN 0 ELSE seconds END,
        CASE WHEN is_paused THEN paused_at END, coalesce(sequence, -1), coalesce(sequence, -1),
        CASE WHEN sequence IS NOT NULL THEN at END
    FROM beginning
    RETURNING id, profile_id, day, is_educational, counted_seconds, exempt_seconds
),
charge AS (
    SELECT begun.profile_id, begun.day, counted_seconds AS used_seconds,
        CASE WHEN begun.is_educational THEN counted_seconds + exempt_seconds ELSE 0 END AS educational_seconds
    FROM begun JOIN present p ON p.new_session_id = begun.id WHERE p.is_kids
    UNION ALL
    SELECT profile_id, balance_day, 0, 0 FROM present WHERE is_kids AND intent = 'replay'
),
{_BALANCE}
SELECT
    p.n,
    CASE WHEN p.intent <> 'begin' THEN p.intent WHEN begun.id IS NULL THEN 'lost' ELSE 'counted' END AS verdict,
    CASE p.intent WHEN 'begin' THEN begun.id WHEN 'replay' THEN p.again_id ELSE p.session_id END AS session_id,
    coalesce(p.again_is_educational, p.title_is_educational) AS is_educational, '' AS end_reason, p.balance_day AS day,
    coalesce(balance.used_seconds, p.used_seconds) AS used_seconds,
    coalesce(balance.granted_seconds, p.granted_seconds) AS granted_seconds,
    coalesce(balance.is_unlimited_override, p.is_unlimited_override) AS is_unlimited_override,
    CASE p.intent WHEN 'rate_limited'
        THEN ceil(extract(epoch FROM p.begun_at - p.at) + {BEGUN_WITHIN_SECONDS})::int
    END AS retry_after_seconds
FROM present p
LEFT JOIN begun ON begun.id = p.new_session_id
LEFT JOIN balance ON balance.profile_id = p.profile_id
"""


def _reached(beat: str, charged_seconds: str) -> str:
    """The branch of a verdict's CASE that writes `limit.reached` and is 'counted'.

    For the beat that uses up the day, or what is left of the week. Used time only grows, by this update of a locked
    row, so exactly one beat crosses the bound; a grant moves the bound and makes another crossing possible. Only that
    beat calls the function (viewing/migrations/0017_limit_reached.py), which runs in the statement's transaction; the
    others pay for the comparisons, of which the first is nearly always false, or null where nothing limits.
    """
    bound = f"least({beat}.limit_seconds, {beat}.cap_seconds) + balance.granted_seconds"
    return f"""
        WHEN balance.used_seconds >= {bound} AND balance.used_seconds - {charged_seconds} < {bound}
            AND NOT balance.is_unlimited_override
        THEN viewing_limit_reached(
            {beat}.profile_id, {beat}.at, {beat}.balance_day, {beat}.limit_seconds, {beat}.cap_seconds,
            balance.granted_seconds, balance.used_seconds)
    """


# The same statements for batches in which someone wants the event: the others pay nothing for it.
_CONTINUE_WITH_EVENT = _CONTINUE.replace(
    "d.n, d.verdict,",
    "d.n, CASE WHEN d.verdict <> 'counted' OR NOT d.is_charged THEN d.verdict"
    f" {_reached('d', 'd.seconds')} ELSE 'counted' END AS verdict,",
)
_BEGIN_WITH_EVENT = _BEGIN.replace(
    "ELSE 'counted' END AS verdict", f"{_reached('p', 'begun.counted_seconds')} ELSE 'counted' END AS verdict"
)


def continue_sessions(beats: Sequence[Row], *, wants_event: bool = False) -> list[Decision]:
    """Decide and count beats that carry a session, at most one per profile; "switch" is left to `begin_sessions`.

    `wants_event`: write `limit.reached` for those that use up their day.
    """
    statement = _CONTINUE_WITH_EVENT if wants_event else _CONTINUE
    return execute_as(Decision, statement, {"beats": to_json(beats).decode()}, counted_as="continue")


def begin_sessions(beats: Sequence[Row], *, wants_event: bool = False) -> list[Decision]:
    """Begin sessions for first beats and switches, at most one per profile.

    Verdict "lost": the session to leave had ended; "rate_limited": the profile began too many. IntegrityError on
    `session_active_uniq`: a rival began one.
    """
    statement = _BEGIN_WITH_EVENT if wants_event else _BEGIN
    return execute_as(Decision, statement, {"beats": to_json(beats).decode()}, counted_as="begin")
