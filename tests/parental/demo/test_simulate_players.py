"""`manage.py simulate_players`: the players find nothing wrong, and find it when something is."""

import re
import socket
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import F

from parental.demo.players import simulation, watching
from parental.demo.players.tally import Latencies
from viewing.models import ViewingSession, ViewingTimeBalance
from viewing.playback import sessions


@pytest.fixture(autouse=True)
def _no_stragglers(monkeypatch):
    """The server of the tests has no queue in which a beat could be overtaken by its repetition for long."""
    monkeypatch.setattr(watching, "STRAGGLER_SECONDS", 0.2)


def simulate(url, *, players=4, minutes=5, seed=1, plans=0.0) -> str:
    """Run the command; CommandError carries the output in its notes."""
    out = StringIO()
    try:
        about = {"players": players, "minutes": minutes, "seed": seed, "plans": plans}
        call_command("simulate_players", url=url, speed=600.0, **about, stdout=out)
    except CommandError as error:
        error.add_note(out.getvalue())
        raise
    return out.getvalue()


def test_many_players_find_every_second_counted_once(server):
    output = simulate(server, players=20, minutes=20)

    assert re.search(r"checked \d+ sessions, 15 balances: 0 seconds lost, 0 counted twice", output)
    for act in ("pause", "switch title", "switch device", "end and begin", "look", "half sent", "thrown away"):
        assert act in output


def test_with_week_plans_every_second_counts_once_too(server):
    output = simulate(server, players=20, minutes=20, seed=5, plans=1.0)

    assert re.search(r"checked \d+ sessions, \d+ balances: 0 seconds lost, 0 counted twice", output)
    assert "stay out" in output
    assert "run out of time" in output


def test_players_run_out_of_time(server):
    output = simulate(server, players=8, minutes=20, seed=3)

    assert "run out of time" in output
    assert "blocked" in output


@pytest.mark.parametrize(
    ("model", "change", "finding"),
    [
        (ViewingTimeBalance, {"used_seconds": F("used_seconds") + 30}, r"balances 0 seconds lost, 30 counted twice"),
        (ViewingTimeBalance, {"educational_seconds": 3000}, r"balances 0 seconds lost, [\d,]+ counted twice"),
        (ViewingSession, {"counted_seconds": 0, "exempt_seconds": 0}, r"sessions \d+ seconds lost, 0 counted twice"),
        (ViewingSession, {"end_reason": "day_turned", "ended_at": F("started_at")}, r"the player has \{'title'"),
    ],
    ids=["balance counted twice", "educational time", "session lost", "session ended"],
)
def test_what_the_server_counted_wrong_is_found(server, monkeypatch, model, change, finding):
    check = simulation.check

    def tampered(ledgers):
        watched = [ledger for ledger in ledgers if ledger.used]
        row = model.objects.filter(profile_id=watched[0].viewer.profile_id).latest("pk")
        model.objects.filter(pk=row.pk).update(**change)
        return check(ledgers)

    monkeypatch.setattr(simulation, "check", tampered)

    with pytest.raises(CommandError, match="errors or differences") as caught:
        simulate(server)

    assert re.search(finding, caught.value.__notes__[0])


def test_a_session_that_no_player_knows_is_found(server, monkeypatch):
    check = simulation.check

    def tampered(ledgers):
        ledgers[0].sessions.popitem()
        return check(ledgers)

    monkeypatch.setattr(simulation, "check", tampered)

    with pytest.raises(CommandError) as caught:
        simulate(server)

    assert "does not belong to the player" in caught.value.__notes__[0]


def test_a_wrong_answer_is_an_error(server, monkeypatch):
    end = sessions.end

    def answer_wrongly(*args, **kwargs):
        return end(*args, **kwargs).model_copy(update={"total_seconds": 1})

    monkeypatch.setattr(sessions, "end", answer_wrongly)

    with pytest.raises(CommandError) as caught:
        simulate(server)

    assert re.search(r"wrong answer: player \d+: expected .*total_seconds.* in 200", caught.value.__notes__[0])
    assert "0 seconds lost, 0 counted twice" in caught.value.__notes__[0]


def test_where_no_server_answers_it_says_so(committed, monkeypatch):
    monkeypatch.setattr(simulation, "GREETING_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(CommandError, match="No server is answering"):
        simulate(f"http://127.0.0.1:{port}")


def test_a_url_that_is_none_is_refused(committed):
    with pytest.raises(CommandError, match="is not a server URL"):
        simulate("localhost:8000")


def test_percentiles_of_latencies():
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds / 1000)

    assert [latencies.percentile(percent) for percent in (50, 95, 99)] == pytest.approx([500, 950, 990], rel=0.03)
    assert latencies.slowest == 1000
    assert Latencies().percentile(50) == 0
