"""The papers say what the code does."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
# Set by tools, by us for ourselves, or meant for the tests alone.
NOT_SETTINGS = {"DJANGO_SETTINGS_MODULE", "SANDGLASS_SERVER", "TEST_DATABASE_URL"}


def variables_read():
    reads = re.compile(
        r"""(?:env_\w+\(\s*|environ(?:\.get\(|\.setdefault\(|\[)\s*|os\.getenv\(\s*)["']([A-Z][A-Z_]+)["']"""
    )
    files = [
        path for folder in ("config", "viewing", "parental", "perfmetrics") for path in (PROJECT / folder).rglob("*.py")
    ]
    return {name for path in files for name in reads.findall(path.read_text())} - NOT_SETTINGS


def test_the_example_names_every_variable():
    example = set(re.findall(r"^([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))

    missing = variables_read() - example
    assert not missing
    assert "SECRET_KEY" in variables_read()


def test_the_readme_explains_every_variable():
    readme = (PROJECT / "README.md").read_text()

    assert not {name for name in variables_read() if f"`{name}`" not in readme}


def test_no_lock_file_names_a_registry():
    for path in PROJECT.glob("requirements*.txt"):
        assert "://" not in path.read_text(), path.name
