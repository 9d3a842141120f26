"""A pytest plugin: how `pytest -n 2` shares out the tests (`-p tests.parallel`).

A process takes the next module whenever it is done with one, and tests of a module stay together, for they share what
is costly to start. All tests in the browser are one part: they share the browser and the service before it.
"""

import os
import random
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# All processes must collect the same tests in the same order, those too whose parameters come from a set.
os.environ.setdefault("PYTHONHASHSEED", str(random.randrange(2**32)))
IN_THE_BROWSER = ("tests/browser/", "tests/perfmetrics/page/test_page_browser.py")


class ByModule(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return "in the browser" if nodeid.startswith(IN_THE_BROWSER) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    # In the order of their folders, not by their number of tests: those that start browsers and services come first,
    # and the last ones, which one process runs alone, are short.
    config.option.loadscopereorder = False
    return ByModule(config, log)
