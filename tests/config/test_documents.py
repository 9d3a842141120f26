"""The docs match the code: every environment variable is documented, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
APPS = ("config", "viewing", "parental", "perfmetrics")
# Set by tools, by the service for its own processes, or for the tests only.
NOT_SETTINGS = {"DJANGO_SETTINGS_MODULE", "SANDGLASS_SERVER", "TEST_DATABASE_URL"}
# Read by docker compose and by nothing in Python.
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "POSTGRES_SUPERUSER_PASSWORD", "POSTGRES_IMAGE", "PYTHON_IMAGE"} | {
    "WEB_MEMORY",
    "DATABASE_MEMORY",
}
# Variables of the Makefile's demo, which have no place in a server's environment file.
DEMO_ONLY = {"PLAYERS", "SPEED"}

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])
SOURCES = sorted(
    path
    for folder in (*APPS, "tests", "templates")
    for path in (PROJECT / folder).rglob("*")
    if path.suffix in (".py", ".html", ".js")
)


def variables_read():
    functions = r"\benv_\w+\(|\b_flag\(|\b_number\(|\bos\.getenv\(|\benviron(?:\.get\(|\.setdefault\(|\[)"
    reads = re.compile(rf"""(?:{functions})\s*["']([A-Z][A-Z_]+)["']""")
    texts = [path.read_text() for folder in APPS for path in (PROJECT / folder).rglob("*.py")]
    return {name for text in texts for name in reads.findall(text)} - NOT_SETTINGS


def variables_in_the_example():
    return set(re.findall(r"^([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))


def variables_in_tables(name):
    rows = re.findall(r"^\| (`[A-Z][^|]*) \|", (PROJECT / name).read_text(), re.MULTILINE)
    return {variable for row in rows for variable in re.findall(r"`([A-Z][A-Z_]+)`", row)}


def test_the_variables_are_found():
    assert {"SECRET_KEY", "DB_POOL_MIN_SIZE", "LOG_FORMAT", "METRICS_DIR", "DEMO_EXIT"} <= variables_read()


def test_the_example_has_every_variable_and_no_other():
    assert variables_in_the_example() == variables_read() - DEMO_ONLY | COMPOSE_ONLY


def test_the_configuration_page_explains_every_variable_and_no_other():
    assert variables_in_tables("docs/configuration.md") == variables_read()


def test_the_readme_names_what_production_requires_and_nothing_unknown():
    shown = variables_in_tables("README.md")

    assert {"SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS"} <= shown
    assert shown <= variables_read()


def without_code(text):
    """The text of a Markdown page without its fenced blocks and inline code."""
    return re.sub(r"`[^`\n]+`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path):
    """The slugs that GitHub gives a page's headings; a repeated one gets a number."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    slugs = []
    for heading in re.findall(r"^#{1,6} +(.+?) *$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        slugs.append(f"{slug}-{repeats}" if (repeats := slugs.count(slug)) else slug)
    return set(slugs)


def links(path):
    """(file, anchor) of each relative link of a page; either may be empty."""
    targets = re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text()))
    return [target.partition("#")[::2] for target in targets if "://" not in target]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_a_heading(path):
    broken = []
    for file, anchor in links(path):
        target = path.parent / file if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{file}#{anchor}" if anchor else file)

    assert not broken


def test_the_links_are_found():
    assert ("docs/contract.md", "") in links(PROJECT / "README.md")
    assert ("contract.md", "errors") in links(PROJECT / "docs/api.md")
    assert "error-codes" in anchors(PROJECT / "docs/contract.md")


def test_every_chapter_that_the_code_cites_exists():
    cited = {
        (file, anchor): path.relative_to(PROJECT)
        for path in [*SOURCES, *DOCUMENTS]
        for file, anchor in re.findall(r"\b(docs/[\w-]+\.md)#([\w-]+)", path.read_text())
    }

    assert ("docs/contract.md", "heartbeat") in cited
    assert not {
        f"{file}#{anchor} in {path}"
        for (file, anchor), path in cited.items()
        if not (PROJECT / file).exists() or anchor not in anchors(PROJECT / file)
    }


# Papers that the repository does not hold, and a contract that is cited without its chapter.
CITATIONS = re.compile(
    r"\b(?:design|faults|house|scale|scenarios|ux|spec-[\w-]+)\.md"
    r"|\b(?:FR|NFR|SC|US)-?\d|\bR-\d\d"
    r"|\b[Ii]ssue #?(?:\d+|[A-Z])\b"
    r"|\b[Cc]ontract(?:'s)?\b(?!\.md)"
)


def test_no_source_cites_a_paper_that_the_repository_does_not_hold():
    found = []
    for path in SOURCES:
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if CITATIONS.search(line):
                found.append(f"{path.relative_to(PROJECT)}:{number}: {line.strip()}")

    assert not found


@pytest.mark.parametrize(
    "line",
    [
        '(design.md, "The writer")',
        "bound it (FR-004, FR-012)",
        "the last hour and week (US-8, R-11)",
        "US3",
        "as JSON (SC-009)",
        '(issue 5, "Audit")',
        "removing them (issue D)",
        '(contract, "Errors")',
        'Contract, "The viewing day".',
        "the contract's order",
    ],
)
def test_a_citation_is_found(line):
    assert CITATIONS.search(line)


@pytest.mark.parametrize(
    "line",
    ["(docs/contract.md#errors)", "docs/contract.md, not the server's rules", "an issue of the parser", "SC = 1"],
)
def test_a_link_is_no_such_citation(line):
    assert not CITATIONS.search(line)


def test_no_lock_file_names_a_registry():
    for path in PROJECT.glob("requirements*.txt"):
        assert "://" not in path.read_text(), path.name
