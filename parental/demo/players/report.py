"""The summary of a run, for people."""

from collections.abc import Iterator

from parental.demo.players.simulation import Outcome
from parental.demo.players.tally import Latencies


def summary(outcome: Outcome) -> str:
    """What the players did, what they met, and whether the server counted right."""
    lines = [f"{name:<10}{text}" for name, text in _rows(outcome)]
    return "\n".join(["", *lines, *_errors(outcome), *_differences(outcome), "", f"{outcome.findings}.", ""])


def _rows(outcome: Outcome) -> Iterator[tuple[str, str]]:
    plan, tally = outcome.plan, outcome.tally
    stopped = ", stopped early" if outcome.was_stopped else ""
    yield "Players", f"{plan.players:,} at {plan.speed:g}× speed, up to {plan.minutes} minutes of viewing each{stopped}"
    yield (
        "Beats",
        f"{tally.beats:,} answered in {outcome.seconds:.1f} s, {tally.beats / outcome.seconds:,.0f} per second",
    )
    yield "Latency", f"heartbeats {_latency(tally.latencies)}"
    yield "", f"other requests {_latency(tally.other_latencies)}"
    yield "Answers", _counts(tally.answers)
    yield "Actions", _counts(tally.acts)
    yield "Lost", f"on purpose: {_counts(tally.faults) or 'nothing'}; each retried until answered"
    yield "Retries", f"after a broken connection {tally.broken:,}, after a 503 {tally.busy:,}"
    if outcome.findings.unsure_seconds:
        yield "Unsure", f"{outcome.findings.unsure_seconds:,} s of unanswered heartbeats, correct either way"


def _latency(latencies: Latencies) -> str:
    percentiles = ", ".join(f"p{percent} {latencies.percentile(percent):.1f}" for percent in (50, 95, 99))
    return f"{percentiles}, slowest {latencies.slowest:.1f} ms"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _errors(outcome: Outcome) -> Iterator[str]:
    if outcome.tally.errors:
        yield f"{'Errors':<10}{_counts(outcome.tally.errors)}, for example"
        yield from (f"  {example}" for example in outcome.tally.examples)


def _differences(outcome: Outcome) -> Iterator[str]:
    differences = outcome.findings.differences
    if differences:
        yield f"{'Check':<10}{len(differences):,} differences, for example"
        yield from (f"  {difference}" for difference in differences[:10])
