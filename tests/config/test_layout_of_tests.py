"""How the tests are laid out."""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
MODULES = {str(path.relative_to(TESTS)): path.read_text() for path in TESTS.rglob("*.py")}


def imported(source):
    """The modules that a module imports from, with what it takes from them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nothing_is_imported_from_a_test_module():
    """What several test modules need has a module of its own, like `tests/http.py`."""
    found = [
        (path, name)
        for path, source in MODULES.items()
        for name in imported(source)
        if name.startswith("tests.") and ".test_" in name
    ]

    assert len(MODULES) > 150
    assert found == []


def test_what_starts_a_service_has_the_real_clock():
    """Else, when midnight passes, the test and the service are not in the same day."""
    starting = {path: source for path, source in MODULES.items() if "processes.service(" in source}
    # The benchmarks are no tests; the fixtures of the browser's tests see to it.
    exempt = ("bench/", "browser/test_", "browser/screenshots.py")

    assert len(starting) > 10
    assert [
        path for path, source in starting.items() if "real_time" not in source and not path.startswith(exempt)
    ] == []
