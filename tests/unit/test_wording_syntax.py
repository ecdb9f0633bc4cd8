"""What a school's own wording may contain, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.wording import check_source

MESSAGES = Path(__file__).resolve().parents[2] / "templates" / "messages"


@pytest.mark.parametrize(
    "source",
    [
        "Plain words, 100% of them, with {braces} and # signs.",
        "{{ school }}: {{ pupils }} is not in school.",
        '{% trans "sms|x" %}{{ school }}: please call {{ phone }}.{% endtrans %}',
        '{% trans "sms|x" %}No value at all.{% endtrans %}',
        "{% if several %}a{% else %}b{% endif %}{% if not time %}c{% elif time %}d{% endif %}",
        "",
    ],
)
def test_plain_wording_is_allowed(source):
    assert check_source(source) == []


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{{ 'a' * 10**9 }}", id="a gigabyte by multiplying"),
        pytest.param("{{ '%1000000000d' | format(1) }}", id="a gigabyte by formatting"),
        pytest.param("{{ 'a' }}", id="a literal"),
        pytest.param("{{ pupils.__class__ }}", id="an attribute"),
        pytest.param("{{ pupils['x'] }}", id="an item"),
        pytest.param("{{ pupils | upper }}", id="a filter"),
        pytest.param("{{ range(9) }}", id="a call"),
        pytest.param("{{ a ~ b }}", id="joining"),
        pytest.param("{{ a if b else c }}", id="an inline choice"),
        pytest.param("{% for a in b %}{{ a }}{% endfor %}", id="a loop"),
        pytest.param("{% set a = 1 %}", id="an assignment"),
        pytest.param("{% macro a() %}{% endmacro %}", id="a macro"),
        pytest.param("{% include 'staff_run_report/email.txt' %}", id="an include"),
        pytest.param("{% extends 'x' %}", id="another layout"),
        pytest.param("{% if a == 'b' %}c{% endif %}", id="a comparison"),
        pytest.param("{% if a and b %}c{% endif %}", id="two conditions"),
        pytest.param("{% trans %}no context{% endtrans %}", id="a sentence without context"),
        pytest.param('{% trans "c", n=a %}{{ n }} day{% pluralize %}{{ n }} days{% endtrans %}', id="a counted plural"),
        pytest.param('{% trans "c", n=a*9 %}{{ n }}{% endtrans %}', id="an expression in a sentence"),
        pytest.param("{{ pgettext(a, b) }}", id="a sentence from values"),
        pytest.param("{% if a %}", id="an open tag"),
        pytest.param("{{ a", id="an open brace"),
        pytest.param("{% unknown %}", id="an unknown tag"),
        pytest.param("x" * 20_001, id="too long"),
        pytest.param("{% if a %}{{ b.c }}{% endif %}", id="hidden in a choice"),
        pytest.param("{% raw %}{% endraw %}{{ a() }}", id="after raw text"),
    ],
)
def test_anything_else_is_refused(source):
    problems = check_source(source, template="own", where="sms.txt")
    assert problems
    assert all(
        problem.template == "own" and "sms.txt, line" in problem.where and problem.remedy for problem in problems
    )


def test_a_problem_names_its_line():
    (problem,) = check_source("one\ntwo\n{{ a.b }}\n", where="sms.txt")
    assert problem.where == "sms.txt, line 3"


def test_lists_are_for_staff_messages_only():
    source = (
        "{% for pupil in pupils %}\n- {{ pupil.name }}{% if pupil.since %}, {{ pupil.since }}{% endif %}\n{% endfor %}"
    )
    assert check_source(source, family="staff") == []
    assert check_source(source)
    assert check_source(source.replace(".name", ".__class__"), family="staff")
    assert check_source(source.replace("in pupils", "in range(9)"), family="staff")


@pytest.mark.parametrize("path", sorted(MESSAGES.glob("*/*.txt")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_shipped_text_keeps_to_the_list(path):
    family = "staff" if path.parent.name.startswith("staff_") else "first_day"
    assert check_source(path.read_text("utf-8"), family=family) == []
