"""A figure: its value next to a floor and an aim, as a table and as `var/bench.json`.

A run of some parts writes a file of its own, named for them.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

VAR = Path(__file__).resolve().parent.parent.parent / "var"


class NotMeasured(Exception):
    """A part of the benchmarks did not run to its end; the message says why."""


@dataclass(frozen=True)
class Figure:
    """`floor` and `aim` are the least, or with `maximum` the most, that is good enough; None: only shown.

    `absolute` figures (times, rates) are judged only on a quiet machine.
    """

    name: str
    value: float
    unit: str = ""
    floor: float | None = None
    aim: float | None = None
    maximum: bool = False
    absolute: bool = False

    def ok(self, *, quiet: bool) -> bool | None:
        """Whether the floor is met; None where it is not judged."""
        if self.floor is None or (self.absolute and not quiet):
            return None
        return self.value <= self.floor if self.maximum else self.value >= self.floor


def report(figures: list[Figure], *, quiet: bool, name: str) -> bool:
    """Print the table, write the file; whether every judged figure meets its floor."""
    width = max((len(figure.name) for figure in figures), default=0)
    print(f"\n{'':{width}}  {'value':>12}  {'floor':>9}  {'aim':>9}")
    for figure in figures:
        verdict = {True: "ok", False: "MISSED", None: ""}[figure.ok(quiet=quiet)]
        floor, aim = (f"{limit:,.10g}" if limit is not None else "" for limit in (figure.floor, figure.aim))
        print(f"{figure.name:{width}}  {figure.value:>12,.4g}  {floor:>9}  {aim:>9}  {figure.unit:8} {verdict}")
    if not quiet:
        print("The machine was not quiet: times and rates are shown, not judged; ratios are.")
    VAR.mkdir(exist_ok=True)
    results = VAR / f"{name}.json"
    results.write_text(
        json.dumps(
            {
                figure.name: {
                    "value": figure.value if math.isfinite(figure.value) else None,
                    "floor": figure.floor,
                    "aim": figure.aim,
                    "ok": figure.ok(quiet=quiet),
                }
                for figure in figures
            },
            indent=2,
        )
        + "\n"
    )
    print(f"Written to {results.relative_to(VAR.parent)}")
    return all(figure.ok(quiet=quiet) is not False for figure in figures)
