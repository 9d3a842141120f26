"""The event `limit.reached`, written with the beat that uses up the day, or what is left of the week.

Used time only grows, by this update of a locked row, so that of all beats exactly one crosses the bound; a grant moves
the bound, and makes another crossing possible. A statement of its own, for batches in which someone wants the event:
the others pay nothing for it. What is answered is looked through: joined to the balances once more, the planner
compares every beat with every balance.
"""

from viewing.outbox.sql import OUTBOX

_ANSWERED = (
    "n, verdict, session_id, is_educational, end_reason, day, used_seconds, granted_seconds, is_unlimited_override"
)
# The day's limit, or what is left of the week if that is less. Null: nothing limits.
_BOUND = """
    least({0}.limit_seconds, {0}.cap_seconds) AS bound_seconds,
    {0}.cap_seconds IS NOT NULL AND {0}.cap_seconds < coalesce({0}.limit_seconds, 2147483647) AS is_week_bound
"""
_CROSSED = f"""),
crossed AS (
    INSERT INTO {OUTBOX} (event_id, type, family_id, profile_id, data, actor, occurred_at)
    SELECT
        gen_random_uuid(), 'limit.reached', family_id, profile_id,
        jsonb_build_object(
            'day', day, 'limit_seconds', bound_seconds,
            'limited_by', CASE WHEN is_week_bound THEN 'week_limit' ELSE 'day_limit' END,
            'granted_seconds', granted_seconds, 'used_seconds', used_seconds),
        '{{"kind": "system", "id": null}}'::jsonb, at
    FROM answer
    WHERE family_id IS NOT NULL AND verdict = 'counted' AND NOT is_unlimited_override
        AND used_seconds >= bound_seconds + granted_seconds
        AND used_seconds - charged_seconds < bound_seconds + granted_seconds
)
"""


def with_event(statement: str, parts: tuple[str, str], *, beat: str, charged_seconds: str, more: str = "") -> str:
    """The statement, with the event written before it is answered.

    `parts` are its texts that read the beats and that return the balances; `beat` names the row of a beat where it
    answers, `charged_seconds` is what the beat adds to the balance, and `more` names further columns.
    """
    beats, balance = parts
    with_family = beats.replace("at timestamptz", "at timestamptz, family_id uuid")
    head, select = statement.replace(beats, with_family).split(f"{balance}\nSELECT")
    of_beat = f"{beat}.profile_id, {beat}.family_id, {beat}.at, {charged_seconds} AS charged_seconds, "
    answer = f"answer AS MATERIALIZED (SELECT {of_beat}{_BOUND.format(beat)},{select}"
    return f"{head}{balance},\n{answer}{_CROSSED}SELECT {_ANSWERED}{more} FROM answer"
