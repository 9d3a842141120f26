"""Balances of many profiles at once, for the platform. The players' cache and its waiting reads are left alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from parental.platform import sql
from parental.platform.schemas import ExternalProfile, NoBalanceOut
from viewing.hotpath import threads
from viewing.playback import balances
from viewing.playback.schemas import BalanceOut

# A turn takes some 2 ms; between turns the loop, and the reading thread, serve the players.
BALANCES_PER_TURN: Final = 100

Asked = UUID | ExternalProfile


async def answers(asked: Sequence[Asked], *, now: datetime) -> list[BalanceOut | NoBalanceOut]:
    """The balance of each profile, in order; of any account."""
    pairs = [one for one in asked if isinstance(one, ExternalProfile)]
    by_pair = await _find(pairs) if pairs else {}
    ids = [one if isinstance(one, UUID) else by_pair.get((one.account, one.profile)) for one in asked]
    found: dict[UUID, BalanceOut] = {}
    for start in range(0, len(ids), BALANCES_PER_TURN):
        turn = {id_ for id_ in ids[start : start + BALANCES_PER_TURN] if id_ is not None}
        found |= await threads.reads.run(balances.balance_answers, turn, now)
    return [_answer(one, id_, found) for one, id_ in zip(asked, ids, strict=True)]


async def _find(pairs: Sequence[ExternalProfile]) -> dict[tuple[str, str], UUID]:
    named = [(pair.account, pair.profile) for pair in pairs]
    places = await threads.reads.run(sql.read_profile_ids, named)
    return {named[n]: id_ for n, id_ in places.items()}


def _answer(one: Asked, id_: UUID | None, found: dict[UUID, BalanceOut]) -> BalanceOut | NoBalanceOut:
    if id_ in found:
        return found[id_]
    if isinstance(one, UUID):
        return NoBalanceOut(profile_id=one)
    return NoBalanceOut(profile_id=None, account=one.account, profile=one.profile)
