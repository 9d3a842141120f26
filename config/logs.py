"""Where log lines go, and what they look like: one renderer for ours (structlog), Django's, gunicorn's and uvicorn's.

One line an event, as JSON or (LOG_FORMAT=console) readable. No line holds an email address or a token, not even one
that a library writes, and tracebacks hold neither locals nor what a database quotes of a row. In the server, lines are
rendered and written by a thread of their own: a log that nobody reads stops no heartbeat; what does not fit the queue
is dropped and counted.

Imported by gunicorn's master, which must not read the settings: so nothing here does.
"""

import contextlib
import json
import logging
import os
import queue
import re
import select
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from config.environment import env_bool, env_choice

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MAX_WAITING: Final = 10_000
FLUSH_SECONDS: Final = 2.0
GATHER_SECONDS: Final = 0.1
MAX_MESSAGE_CHARACTERS: Final = 500  # of an exception's message
MAX_FRAMES: Final = 20

# An address; a token of ours (`sga_…`, `sgr_…`); a JWT; a link to set a password.
SECRETS: Final = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|\bsg[a-z]_[\w.-]+|(?<![\w-])eyJ[\w-]+\.[\w.-]+|\b[0-9a-z]{5,8}-[0-9a-f]{32,64}\b"
)
HIDDEN: Final = "[hidden]"


def configuration(*, in_background: bool) -> dict[str, object]:
    """What `logging.config.dictConfig` takes, by LOG_LEVEL and LOG_FORMAT. Raises ImproperlyConfigured."""
    level = env_choice("LOG_LEVEL", "INFO", choices=LEVELS)
    form = env_choice("LOG_FORMAT", "console" if env_bool("DEBUG", False) else "json", choices=("json", "console"))
    # Django's DEBUG lines hold statements with all their values.
    info_or_above = max(level, "INFO", key=LEVELS.index)
    ours: dict[str, object] = {"handlers": [], "level": level, "propagate": True}
    handler = BackgroundHandler if in_background else logging.StreamHandler
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "form": form}},
        "filters": {"request": {"()": "config.logs.RequestId"}},
        "handlers": {"lines": {"()": handler, "formatter": "line", "filters": ["request"]}},
        "root": {"handlers": ["lines"], "level": level},
        "loggers": {
            "django": {**ours, "level": info_or_above},
            # Scanners ask for hosts that are not ours all day: 400 is enough, a traceback each is too much.
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
            # They bring handlers of their own.
            **dict.fromkeys(("gunicorn.error", "uvicorn", "uvicorn.error"), ours),
            # uvicorn writes a line for each request as soon as a handler would take it.
            "uvicorn.access": {"handlers": [], "propagate": False},
        },
    }


class RequestId(logging.Filter):
    """Notes on a record which request it belongs to, in the task or thread that wrote it."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Where nobody loaded it no request is answered: gunicorn's master must not load what its workers will.
        middleware = sys.modules.get("perfmetrics.counting.middleware")
        record.request_id = middleware.request_id.get() if middleware else ""
        return True


# From an event to a line ---------------------------------------------------------------------------------------------


def _to_record(_logger: object, _name: str, event_dict: EventDict) -> tuple[tuple[str], dict[str, object]]:
    """A structlog event as the call of a standard logger: its name is the message, its fields stay together."""
    event, exc_info = event_dict.pop("event"), event_dict.pop("exc_info", None)
    return (event,), {"exc_info": exc_info, "extra": {"fields": event_dict}}


structlog.configure(
    processors=[structlog.stdlib.filter_by_level, _to_record],
    wrapper_class=structlog.stdlib.BoundLogger,
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


def formatter(form: str) -> "_Formatter":
    """Renders any record as one line of JSON, or for people (`console`)."""
    render: list[Processor] = [structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]
    if form == "console":
        plain = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False, exception_formatter=plain)
        render = [_printable, console]
    return _Formatter(processors=[_describe, ProcessorFormatter.remove_processors_meta, *render])


class _Formatter(ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        """The line; secrets hidden, whatever way they came in."""
        line = super().format(record)
        # No secret is without one of these; most lines are, and need no search.
        return SECRETS.sub(HIDDEN, line) if "@" in line or "sg" in line or "eyJ" in line or "/" in line else line


def _describe(_logger: object, _name: str, event_dict: EventDict) -> EventDict:
    record: logging.LogRecord = event_dict["_record"]
    request_id = getattr(record, "request_id", "")
    exc_info = event_dict.pop("exc_info", None)
    return {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        **event_dict,
        **({"request_id": request_id} if request_id else {}),
        **getattr(record, "fields", {}),
        **({"exception": _traceback(exc_info[1])} if exc_info and exc_info[1] else {}),
    }


def _printable(_logger: object, _name: str, event_dict: EventDict) -> EventDict:
    """What a client sent must not move the cursor or begin a line; JSON escapes it anyway."""
    for name, value in event_dict.items():
        if name != "exception" and not str(value).isprintable():
            event_dict[name] = ascii(str(value))[1:-1]
    return event_dict


def _traceback(error: BaseException) -> str:
    """Frames and the first line of each message: the next ones quote rows (psycopg) and input (pydantic)."""
    message = str(error).partition("\n")[0][:MAX_MESSAGE_CHARACTERS]
    module = type(error).__module__
    last_line = f"{'' if module == 'builtins' else f'{module}.'}{type(error).__qualname__}: {message}"
    frames = "".join(traceback.format_tb(error.__traceback__, limit=-MAX_FRAMES))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{_traceback(cause)}\n\nThen:\n\n" if cause else ""
    return f"{before}{frames}{last_line}"


# The writing thread --------------------------------------------------------------------------------------------------


class BackgroundHandler(logging.Handler):
    """Queues records for a thread that renders and writes them; never waits, whatever blocks the descriptor.

    Who is killed loses what waits, a tenth of a second's worth.
    """

    def __init__(self, descriptor: int = 2, max_waiting: int = MAX_WAITING) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._max_waiting = max_waiting
        self._queue: queue.SimpleQueue[logging.LogRecord | threading.Event] = queue.SimpleQueue()
        self._thread = threading.Thread()
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._queue.qsize() >= self._max_waiting:
            self._dropped += 1
            return
        # Now: what its arguments say may change.
        record.msg, record.args = record.getMessage(), None
        self._queue.put(record)
        if not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="logs", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter is ending
                self._thread.start()

    def flush(self) -> None:
        """Wait until what was queued is written, but no longer than two seconds."""
        if self._thread.is_alive():
            done = threading.Event()
            self._queue.put(done)
            done.wait(FLUSH_SECONDS)

    def _work(self) -> None:
        while True:
            waiting = [self._queue.get()]
            # Not for each line: to wake, this thread takes the interpreter from the others, at ten times a line's cost.
            time.sleep(GATHER_SECONDS)
            waiting += [self._queue.get() for _ in range(self._queue.qsize())]
            self._write([record for record in waiting if isinstance(record, logging.LogRecord)])
            for event in waiting:
                if isinstance(event, threading.Event):
                    event.set()

    def _write(self, records: list[logging.LogRecord]) -> None:
        dropped, self._dropped = self._dropped, 0
        if dropped:
            notice = {"fields": {"count": dropped}, "levelname": "WARNING", "name": __name__}
            records.append(logging.makeLogRecord({**notice, "msg": "log_lines_dropped"}))
        with contextlib.suppress(OSError):  # nobody reads any more
            for lines in _together(self._line(record) for record in records):
                self._write_all(lines)

    def _line(self, record: logging.LogRecord) -> bytes:
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 — what cannot be rendered must not end the thread
            line = json.dumps({"level": "error", "event": "log_line_broken", "error": repr(type(error))})
        return f"{line}\n".encode(errors="backslashreplace")

    def _write_all(self, lines: bytes) -> None:
        # Not by `sys.stderr`: its lock, held by a thread that is blocked, would abort the process when it exits.
        while lines:
            try:
                lines = lines[os.write(self._descriptor, lines) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])


def _together(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines joined as far as a pipe takes them in one piece: those of several workers are not mixed up."""
    joined = b""
    for line in lines:
        if len(joined) + len(line) > select.PIPE_BUF:
            yield joined
            joined = b""
        joined += line
    yield joined
