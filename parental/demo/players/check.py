"""The server's sessions and balances against what the players know: not a second lost, not one counted twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from parental.demo.players.ledger import Ledger, Watched
from viewing.models import ViewingSession, ViewingTimeBalance

Row = TypeVar("Row", ViewingSession, ViewingTimeBalance)


@dataclass(slots=True)
class Findings:
    """What the check found; seconds of sessions and of balances apart, for one fault mostly shows in both."""

    sessions: int = 0
    balances: int = 0
    session_seconds_lost: int = 0
    session_seconds_twice: int = 0
    balance_seconds_lost: int = 0
    balance_seconds_twice: int = 0
    # Seconds of beats that nobody answered: right whether or not they count.
    unsure_seconds: int = 0
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"checked {self.sessions:,} sessions, {self.balances:,} balances"
        sessions = self.session_seconds_lost, self.session_seconds_twice
        balances = self.balance_seconds_lost, self.balance_seconds_twice
        if sessions == balances:
            return f"{counts}: {_lost_and_twice(sessions)}"
        return f"{counts}: sessions {_lost_and_twice(sessions)}; balances {_lost_and_twice(balances)}"

    def compare_session(self, *, expected: int, found: int) -> None:
        self.session_seconds_lost += max(0, expected - found)
        self.session_seconds_twice += max(0, found - expected)

    def compare_balance(self, *, expected: int, found: int) -> None:
        self.balance_seconds_lost += max(0, expected - found)
        self.balance_seconds_twice += max(0, found - expected)


def _lost_and_twice(seconds: tuple[int, int]) -> str:
    return f"{seconds[0]:,} seconds lost, {seconds[1]:,} counted twice"


def check(ledgers: Sequence[Ledger]) -> Findings:
    """Read what the server holds of these players, in two queries, and compare it with what they know."""
    profiles = [ledger.viewer.profile_id for ledger in ledgers]
    sessions = _by_profile(ViewingSession.objects.filter(profile_id__in=profiles).order_by("started_at"))
    balances = _by_profile(ViewingTimeBalance.objects.filter(profile_id__in=profiles).order_by("day"))
    findings = Findings()
    for ledger in ledgers:
        profile_id = ledger.viewer.profile_id
        held_sessions, held_balances = sessions.get(profile_id, []), balances.get(profile_id, [])
        findings.sessions += len(held_sessions)
        findings.balances += len(held_balances)
        if ledger.unsure_seconds:
            _check_unsure(ledger, held_sessions, held_balances, findings)
        else:
            _check_sessions(ledger, held_sessions, findings)
            _check_balance(ledger, held_balances, findings)
    return findings


def _by_profile(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row.profile_id, []).append(row)
    return found


def _check_sessions(ledger: Ledger, held: list[ViewingSession], findings: Findings) -> None:
    who = f"player {ledger.viewer.number}"
    known = dict(ledger.sessions)
    for session in held:
        watched = known.pop(session.id, None)
        if watched is None:
            findings.compare_session(expected=0, found=session.total_seconds)
            findings.differences.append(
                f"{who}: session {session.id}, {session.total_seconds} s, does not belong to the player"
            )
            continue
        findings.compare_session(expected=watched.counted, found=session.counted_seconds)
        findings.compare_session(expected=watched.exempt, found=session.exempt_seconds)
        if _as_held(session) != _as_known(watched):
            known_words, held_words = _as_known(watched), _as_held(session)
            findings.differences.append(f"{who}: session {session.id} is {held_words}; the player has {known_words}")
    for session_id, watched in known.items():
        findings.compare_session(expected=watched.total, found=0)
        findings.differences.append(f"{who}: session {session_id}, {watched.total} s, is missing")


def _as_held(session: ViewingSession) -> dict[str, object]:
    return {
        "title": str(session.title_id),
        "educational": session.is_educational,
        "counted": session.counted_seconds,
        "exempt": session.exempt_seconds,
        "end": session.end_reason,
    }


def _as_known(watched: Watched) -> dict[str, object]:
    return {
        "title": str(watched.film.id),
        "educational": watched.film.is_educational,
        "counted": watched.counted,
        "exempt": watched.exempt,
        "end": watched.end_reason,
    }


def _check_balance(ledger: Ledger, held: list[ViewingTimeBalance], findings: Findings) -> None:
    used, educational = sum(row.used_seconds for row in held), sum(row.educational_seconds for row in held)
    findings.compare_balance(expected=ledger.used, found=used)
    findings.compare_balance(expected=ledger.educational, found=educational)
    most = 1 if ledger.viewer.is_kids and ledger.sessions else 0
    if (used, educational) != (ledger.used, ledger.educational) or len(held) > most:
        findings.differences.append(
            f"player {ledger.viewer.number}: {len(held)} balances with {used} s used and {educational} s educational,"
            f" the player has {ledger.used} and {ledger.educational}"
        )


def _check_unsure(
    ledger: Ledger, sessions: list[ViewingSession], balances: list[ViewingTimeBalance], findings: Findings
) -> None:
    """The last beat had no answer: with or without it the sums must be right, and agree with each other."""
    findings.unsure_seconds += ledger.unsure_seconds
    known = sum(watched.total for watched in ledger.sessions.values())
    held = sum(session.total_seconds for session in sessions)
    most = known + ledger.unsure_seconds
    findings.compare_session(expected=min(max(held, known), most), found=held)
    charged = sum(session.counted_seconds for session in sessions)
    used = sum(balance.used_seconds for balance in balances)
    findings.compare_balance(expected=charged, found=used)
    if charged != used or not known <= held <= most:
        findings.differences.append(
            f"player {ledger.viewer.number}, whose last heartbeat was unanswered: sessions of {held} s, {charged} s"
            f" of them charged, a balance of {used} s; the player has {known} s"
        )
