"""What the database was asked, read from its own log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests import cluster

ENTRY = re.compile(r"^\S+ \S+ \S+ \[\d+\] (\S+) LOG:  (?:statement|execute [^:]*): ", re.MULTILINE)
# Not counted: transaction control, settings of a new connection, the pool's empty probe; and the minutes of figures,
# which every running service writes whatever it is asked (`perfmetrics/reading/recorder.py`). Nor are the figures of
# deliveries, which every running service reads every 15 s (`parental/deliver/figures.py`), and nothing else reads.
FREE = re.compile(
    r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET |SELECT set_config"
    r'|(INSERT INTO|DELETE FROM) "perfmetrics_minutefigures"'
    r"|SELECT\s+count\(\*\) FILTER \(WHERE channel = 'webhook'\)"
    r'|SELECT COUNT\(\*\) AS "__count" FROM "parental_webhookendpoint" WHERE \(NOT "parental_webhookendpoint"'
    r'|SELECT (1|\$1) AS "a" FROM "parental_webhookendpoint" WHERE "parental_webhookendpoint"."is_enabled" LIMIT'
    r'|SELECT "viewing_outboxevent"."occurred_at" AS "occurred_at" FROM'
    r'|SELECT "parental_deliverytotal"."channel" AS "channel",)|$',
    re.IGNORECASE,
)
# Asks on its own, every 15 s, whether its connection still carries something.
FREE_APPLICATION = "sandglass-listener"


@dataclass
class Statements:
    """Filled when its `with` block ends."""

    all: list[str] = field(default_factory=list)
    applications: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.all)


@contextmanager
def statements() -> Iterator[Statements]:
    """Collects the statements that anyone sends to the test cluster within the block."""
    if cluster.statement_log is None:
        pytest.skip("needs the log of the embedded PostgreSQL")
    with cluster.statement_log.open(encoding="utf-8") as log:
        log.seek(0, 2)
        found = Statements()
        yield found
        text = log.read()
    entries = list(ENTRY.finditer(text))
    ends = [entry.start() for entry in entries[1:]] + [len(text)]
    for entry, end in zip(entries, ends[: len(entries)], strict=True):
        statement = text[entry.end() : end].strip()
        if not FREE.match(statement) and entry[1] != FREE_APPLICATION:
            found.all.append(statement)
            found.applications.append(entry[1])
