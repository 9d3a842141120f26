"""Requests made from the OpenAPI schema (`schema_calls.py`), in a process of their own.

Schemathesis replaces parts of Hypothesis for good: in a process that it was used in, other random tests fail with
"Inconsistent data generation".
"""

import os
import subprocess
import sys

import pytest

from tests.cluster import VAR
from tests.processes import PROJECT


@pytest.mark.nightly
@pytest.mark.slow
def test_every_answer_to_any_request_is_documented():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"SANDGLASS_VAR": str(VAR / "schema")}  # a database of its own
    command = [sys.executable, "-m", "pytest", "tests/matrix/schema_calls.py"]

    ended = subprocess.run(command, cwd=PROJECT, env=environment, check=False, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " passed" in ended.stdout or "[100%]" in ended.stdout
