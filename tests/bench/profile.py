"""`make profile`: where a worker's time goes under 128 connections, as a picture (docs/profile.svg).

Then, in a second run, as a table of parts that add up (`parts.py`).

py-spy samples the thread that holds the interpreter, 500 times a second. A box is a function, as wide as its share of
all samples; below it are those that it called. Boxes of less than 0.6 % are left out.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from tests.bench import scratch

scratch.start()

from tests import processes
from tests.bench import generator, parts
from tests.bench.cast import make_devices
from tests.bench.counting import cpu_seconds
from tests.bench.generator import Beats

CONNECTIONS = 128
SECONDS = 10
PICTURE = Path("docs/profile.svg")
WIDTH, ROW = 1200, 18
MIN_SHARE = 0.006
CHARACTER = 6.7
COLOURS = {
    "viewing": "#f2b84b",
    "parental": "#f2b84b",
    "config": "#f2b84b",
    "perfmetrics": "#f2b84b",
    "ninja": "#8fc1e3",
    "pydantic": "#8fc1e3",
    "django": "#9fd6a4",
    "uvicorn": "#d7b5e8",
}


@dataclass
class Box:
    looks: int = 0
    called: dict[str, "Box"] = field(default_factory=dict)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        beats_a_second, _ = record(Path(folder), raw, "--gil")
        root = read(raw.read_text())
        _, cost = record(Path(folder), raw)
        shares = parts.shares(raw.read_text())
    PICTURE.write_text(draw(root, f"A worker at {beats_a_second:,.0f} heartbeats a second, {root.looks:,} looks"))
    print(f"Written to {PICTURE}")
    for part, share in {**shares, "all": 1}.items():
        print(f"{part:50} {share * cost:6.1f} µs {share:6.1%}")


def record(folder: Path, raw: Path, *options: str) -> tuple[float, float]:
    """Profile a worker under load: the beats per second that it answered, and the µs of CPU time that each took.

    With the option `--gil`, the thread that holds the interpreter is looked at; else every thread that runs.
    """
    with processes.service(folder / "log") as service:
        sources = [Beats(generator.host_of(service.url), device) for device in make_devices(CONNECTIONS)]
        generator.run(generator.closed_loop(service.url, sources, requests_each=20))
        worker, *_ = service.workers()
        spy = Path(sys.executable).parent / "py-spy"
        how = ["--pid", str(worker), "--rate", "500", "--duration", str(SECONDS), "--format", "raw"]
        before = cpu_seconds(worker)
        spying = subprocess.Popen([spy, "record", *how, *options, "--output", raw], stdout=subprocess.DEVNULL)
        runs = []
        while spying.poll() is None:
            runs.append(generator.run(generator.closed_loop(service.url, sources, requests_each=30)))
        cost = (cpu_seconds(worker) - before) / sum(run.beats for run in runs) * 1e6
    return sum(run.beats for run in runs) / sum(run.seconds for run in runs), cost


def read(raw: str) -> Box:
    """The tree of all looks. What is the same for every request, from the process's start on, is left out."""
    root = Box()
    for line in raw.splitlines():
        stack, _, looks = line.rpartition(" ")
        box = root
        box.looks += int(looks)
        for frame in interesting(stack.split(";")):
            box = box.called.setdefault(frame, Box())
            box.looks += int(looks)
    return root


def interesting(frames: list[str]) -> Iterator[str]:
    names = [frame.rpartition(":")[0].replace(".<locals>", "") + ")" for frame in frames]
    begins = [n for n, name in enumerate(names) if name.startswith(("Runner.run", "_WorkItem.run"))]
    for name in names[begins[0] :] if begins else names[-1:]:
        if name.startswith("Runner.run "):
            yield "event loop"
        elif name.startswith("_WorkItem.run "):
            yield "database thread"
        else:
            yield name


def draw(root: Box, title: str) -> str:
    boxes = list(placed(root, 0, 0, root.looks))
    height = (max(row for row, *_ in boxes) + 3) * ROW
    described = f"{title}. A box is a function, as wide as its share of the time; below it are those it called."
    frame = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-size="11" '
        'font-family="ui-monospace, monospace" role="img">'
    )
    lines = [
        frame,
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(described)}</desc>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="4" y="13" fill="#222222">{escape(title)}: orange is ours</text>',
        *(one_box(*box) for box in boxes),
        "</svg>\n",
    ]
    return "\n".join(lines)


def placed(box: Box, row: int, left: float, all_looks: int) -> Iterator[tuple[int, float, float, str, float]]:
    """(row, left and width in the picture, name, share) of every box that is wide enough, callers first."""
    for name, called in sorted(box.called.items(), key=lambda item: -item[1].looks):
        share = called.looks / all_looks
        if share >= MIN_SHARE:
            yield row, left, share * WIDTH, name, share
            yield from placed(called, row + 1, left, all_looks)
            left += share * WIDTH


def one_box(row: int, left: float, width: float, name: str, share: float) -> str:
    top = (row + 1) * ROW + 4
    package = name.partition("(")[2].partition("/")[0]
    label = f"{share:.0%} {name}"[: int((width - 6) / CHARACTER)]
    return (
        f'<g><title>{escape(name)} {share:.1%}</title><rect x="{left:.1f}" y="{top}" width="{max(width - 1, 1):.1f}" '
        f'height="{ROW - 1}" fill="{COLOURS.get(package, "#dddddd")}"/>'
        + (f'<text x="{left + 3:.1f}" y="{top + 12}" fill="#222222">{escape(label)}</text>' if len(label) > 4 else "")
        + "</g>"
    )


if __name__ == "__main__":
    main()
