"""Names keep to themselves in the templates: each is in an element of its own direction."""

import re
from pathlib import Path

import pytest

TEMPLATES = sorted((Path(__file__).parents[3] / "parental" / "templates" / "parental").glob("*.html"))
# Where no element can be: attributes and titles.
NO_ELEMENT = re.compile(
    r'="[^"{]*(?:\{%.*?%\}|\{\{.*?\}\}|[^"{])*?"|\{% block title %\}.*?\{% endblock %\}|<title.*?</title>', re.DOTALL
)
NAME = re.compile(r"(?<!<bdi>)\{\{ (?:[\w.]*\.)?(?:name|profile_name|title_name|device_name) \}\}")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_name_has_its_own_direction(template):
    html = NO_ELEMENT.sub("", template.read_text())

    assert NAME.findall(html) == []


def test_the_rule_finds_a_bare_name():
    assert NAME.findall(NO_ELEMENT.sub("", '<p title="{{ child.name }}">{{ child.name }}</p>')) == ["{{ child.name }}"]
