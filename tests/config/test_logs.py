"""What a log line looks like, from every logger, and what none may contain (docs/operations.md#logs)."""

import json
import logging
import os
import subprocess
import sys
import uuid

import psycopg
import pydantic
import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction

from config import logs
from parental.models import User
from tests.families import make_user
from tests.processes import PROJECT

log = structlog.stdlib.get_logger("tests.events")
PIN = "4711"


@pytest.fixture
def lines(caplog):
    """The lines, read back from JSON, that were written so far."""
    caplog.set_level(logging.DEBUG, "tests")
    return lambda: [json.loads(line) for line in written(caplog, "json")]


def written(caplog, form):
    formatter = logs.formatter(form)
    return [formatter.format(record) for record in caplog.records if record.name.startswith("tests")]


def test_an_event_is_one_object_with_its_fields(lines):
    identity = uuid.uuid4()

    log.info("something_happened", profile_id=identity, count=3, duration_ms=1.5, none=None)

    (line,) = lines()
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "tests.events",
        "event": "something_happened",
        "profile_id": str(identity),
        "count": 3,
        "duration_ms": 1.5,
        "none": None,
    }


def test_lines_of_the_standard_library_look_the_same(lines):
    logging.getLogger("tests.library").warning("%s of %s", 1, "two")

    (line,) = lines()
    assert (line["level"], line["logger"], line["event"]) == ("warning", "tests.library", "1 of two")


def test_an_event_below_its_loggers_level_is_not_written(lines, caplog):
    caplog.set_level(logging.INFO, "tests")

    log.debug("hidden")

    assert not lines()


def test_a_readable_line_holds_the_same(lines, caplog):
    log.info("something_happened", count=3, text="two\nlines\x1b[2J")

    (line,) = written(caplog, "console")
    assert line.isprintable()
    for part in ("something_happened", "count=3", "info", "tests.events", r"two\nlines"):
        assert part in line


def fail(pin):
    address = "ann@example.com"
    token = "sgp_" + "x" * 43
    raise RuntimeError(f"a defect of {address} with {token}")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_has_frames_but_no_values(lines, caplog, form):
    try:
        fail(PIN)
    except RuntimeError:
        log.exception("failed")

    (line,) = written(caplog, form)
    assert "in fail" in line
    assert "RuntimeError: a defect of [hidden] with [hidden]" in line
    for secret in (PIN, "ann@example.com", "xxxxx"):
        assert secret not in line.replace('"ann@example.com"', "")


def test_a_cause_is_logged_before_what_it_caused(lines):
    try:
        try:
            fail(PIN)
        except RuntimeError as error:
            raise ValueError("the second") from error
    except ValueError as error:
        log.error("failed", exc_info=error)

    exception = lines()[0]["exception"]
    assert exception.index("RuntimeError: a defect") < exception.index("ValueError: the second")


def test_a_suppressed_context_is_not_logged(lines):
    try:
        try:
            fail(PIN)
        except RuntimeError:
            raise ValueError("the second") from None
    except ValueError as error:
        log.error("failed", exc_info=error)

    assert "RuntimeError" not in lines()[0]["exception"]


def test_what_the_database_quotes_of_a_row_is_not_written(committed, lines):
    """Its message goes on with "Key (email)=(…) already exists" or with the whole row that failed."""
    user, name = make_user(), "Zacharias"
    with pytest.raises(IntegrityError) as taken, transaction.atomic():
        User.objects.create(email=user.email)
    with pytest.raises(IntegrityError) as failing, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO viewing_profile (id, name) VALUES (gen_random_uuid(), %s)", [name])
    assert name in str(failing.value)

    for error in (taken.value, failing.value):
        log.error("failed", exc_info=error)

    logged = json.dumps(lines())
    assert "duplicate key value violates unique constraint" in logged
    assert isinstance(taken.value.__cause__, psycopg.Error)
    assert user.email not in logged
    assert name not in logged


def test_what_pydantic_quotes_of_the_input_is_not_written(lines):
    class Body(pydantic.BaseModel):
        pin: int

    given = "47x11"
    with pytest.raises(pydantic.ValidationError) as error:
        Body(pin=given)

    log.error("failed", exc_info=error.value)

    assert "47x11" not in json.dumps(lines())
    assert "1 validation error for Body" in json.dumps(lines())


@pytest.mark.parametrize(
    "secret",
    [
        "ann.o'neil+tv@mail.example.co.uk",
        "sga_" + "Ab-_9" * 9 + ".1vXyZ3." + "q" * 43,
        "sgp_" + "Ab-_9" * 9,
        "sgr_" + "Ab-_9" * 9,
        "eyJ" + "Ab-_9" * 9 + ".eyJ" + "Ab-_9" * 9 + "." + "q" * 43,
        "/reset/MTIz/cxyz12-" + "0a" * 16 + "/",
    ],
)
@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_hidden_in_whatever_line_they_come(lines, caplog, secret, form):
    logging.getLogger("tests.library").warning("Not Found: /page/%s", secret)
    log.warning("slow_request", path=f"/page/{secret}")

    logged = "\n".join(written(caplog, form))

    assert secret not in logged
    assert logged.count(logs.HIDDEN) == 2


def test_ids_stay(lines):
    identity = uuid.uuid4()

    log.warning("slow_request", path=f"/api/v1/viewing-time/balance/{identity}", request_id=identity.hex)

    (line,) = lines()
    assert line["path"].endswith(str(identity))
    assert line["request_id"] == identity.hex


@pytest.mark.parametrize(
    ("variables", "form", "level"),
    [
        ({}, "json", "INFO"),
        ({"DEBUG": "true"}, "console", "INFO"),
        ({"DEBUG": "true", "LOG_FORMAT": "json"}, "json", "INFO"),
        ({"LOG_FORMAT": "console", "LOG_LEVEL": "warning"}, "console", "WARNING"),
    ],
)
def test_level_and_form_come_from_the_environment(monkeypatch, variables, form, level):
    for name in ("DEBUG", "LOG_FORMAT", "LOG_LEVEL"):
        monkeypatch.setenv(name, variables.get(name, ""))

    found = logs.configuration(in_background=False)

    assert (found["formatters"]["line"]["form"], found["root"]["level"]) == (form, level)


@pytest.mark.parametrize(("name", "value"), [("LOG_LEVEL", "LOUD"), ("LOG_FORMAT", "xml")])
def test_others_stop_the_process_with_a_sentence(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=rf"{name} must be one of .*, not '{value}'\."):
        logs.configuration(in_background=False)


def test_statements_and_their_values_are_not_written_even_at_the_lowest_level():
    code = """
import django; django.setup()
import logging
print([logging.getLogger(name).isEnabledFor(logging.DEBUG) for name in ("django.db.backends", "viewing")])
"""
    environment = {**os.environ, "LOG_LEVEL": "DEBUG", "DJANGO_SETTINGS_MODULE": "config.settings"}

    printed = subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, env=environment, text=True)

    assert printed == "[False, True]\n"
