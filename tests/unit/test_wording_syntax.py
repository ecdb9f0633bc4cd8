"""What a school's own wording may contain, and what it may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from notifier.wording import Wording, check_message, check_source

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


S = '{% trans "sms|x" %}'
E = "{% endtrans %}"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{{ pupils.__class__.__mro__ }}", id="the classes of a value"),
        pytest.param("{{ pupils|attr('__class__') }}", id="an attribute by filter"),
        pytest.param("{{ pupils['\\x5f\\x5fclass\\x5f\\x5f'] }}", id="an attribute by escapes"),
        pytest.param("{{ '{0.__class__}'.format(pupils) }}", id="a format string"),
        pytest.param("{{ '%(x)s' % pupils }}", id="a percent format"),
        pytest.param("{{ self }}", id="the template itself"),
        pytest.param("{{ self.body() }}", id="a block of the template"),
        pytest.param("{{ pgettext }}", id="the function that translates"),
        pytest.param("{{ __builtins__ }}", id="a name of the machine"),
        pytest.param("{{ lipsum(n=99999) }}", id="filler"),
        pytest.param("{{ cycler('a', 'b').next() }}", id="a cycler"),
        pytest.param("{{ namespace(a=1) }}", id="a namespace"),
        pytest.param("{{ joiner() }}", id="a joiner"),
        pytest.param("{{ dict(a=1) }}", id="a dictionary by call"),
        pytest.param("{{ [1, 2] }}", id="a list"),
        pytest.param("{{ {'a': 1} }}", id="a dictionary"),
        pytest.param("{{ (a, b) }}", id="a pair"),
        pytest.param("{{ a[0:9] }}", id="a slice"),
        pytest.param("{{ not a }}", id="a negation"),
        pytest.param("{{ a is defined }}", id="a test"),
        pytest.param("{{ 9**9**9 }}", id="a great power"),
        pytest.param("{% if not not a %}b{% endif %}", id="two negations"),
        pytest.param("{% if 9**9 %}b{% endif %}", id="a power in a choice"),
        pytest.param("{% if self %}b{% endif %}", id="the machine in a choice"),
        pytest.param("{% filter upper %}a{% endfilter %}", id="a filter over words"),
        pytest.param("{% call a() %}b{% endcall %}", id="a call with words"),
        pytest.param("{% import 'a' as b %}", id="an import"),
        pytest.param("{% from 'a' import b %}", id="an import of one name"),
        pytest.param("{% with a = 1 %}{{ a }}{% endwith %}", id="a scope"),
        pytest.param("{% set a %}b{% endset %}", id="an assignment of words"),
        pytest.param("{% block a %}b{% endblock %}", id="a block"),
        pytest.param("{% autoescape false %}{{ a }}{% endautoescape %}", id="no escaping"),
        pytest.param("{% do a.clear() %}", id="a statement"),
        pytest.param("{% debug %}", id="what the machine knows"),
        pytest.param("{% for a in b recursive %}{{ loop(a) }}{% endfor %}", id="a loop into itself"),
        pytest.param("{% raw %}{{ school }}{% endraw %}", id="braces that families would read"),
        pytest.param("a {# pay a fine #} b", id="a comment that hides words"),
        pytest.param("a {#- b -#} c", id="a comment that eats spaces"),
        pytest.param("a {{- school -}} b", id="glued words"),
        pytest.param("a {%- if several -%} b {%- endif -%} c", id="lines glued together"),
        pytest.param("{%+ if several +%}a{% endif %}", id="lines kept against the rule"),
        pytest.param('{% trans "sms|x" notrimmed %}a\nBcc: b{% endtrans %}', id="a sentence over two lines"),
        pytest.param(f"{S}%(school)s{E}", id="a placeholder by percent"),
        pytest.param(f"{S}100%% sure{E}", id="doubled percent signs"),
        pytest.param(f"{S}100% sure{E}", id="a percent sign"),
        pytest.param('{{ pgettext("sms|x", "%(a)s") }}', id="a sentence without its value"),
        pytest.param('{{ pgettext("sms|x", "%(a)999999999s", a=a) }}', id="a gigabyte by padding"),
        pytest.param(
            '{% trans "sms|x", school=pupils %}{{ school }}{% endtrans %}', id="one value under another's name"
        ),
        pytest.param('{% trans "sms|x", a=b.c %}{{ a }}{% endtrans %}', id="an attribute in a sentence"),
        pytest.param('{{ pgettext("sms|x", "a", *b) }}', id="values from a list"),
        pytest.param('{{ pgettext("sms|x", "a", **b) }}', id="values from a dictionary"),
        pytest.param("<script>alert(1)</script>", id="a script"),
        pytest.param("<img src=x onerror=alert(1)>", id="a picture that runs"),
        pytest.param(f"{S}<a href='https://a.example'>here</a>{E}", id="a hidden link"),
        pytest.param("&lt;b&gt;", id="markup by entities"),
        pytest.param("Tap javascript:alert(1)", id="an address that runs"),
        pytest.param("Tap JaVaScRiPt :alert(1)", id="one in disguise"),
        pytest.param("Tap data:text/html,x", id="a page in an address"),
        pytest.param("call \u202e321", id="a number turned round"),
        pytest.param("call \u2066 us", id="a direction isolate"),
        pytest.param("fi\u200bne", id="a word with a hidden space"),
        pytest.param("Subject: a\rBcc: b", id="a header by carriage return"),
        pytest.param("Subject: a\u2028Bcc: b", id="a header by line separator"),
        pytest.param("a\x00b", id="a null character"),
        pytest.param("a\x1b[2Jb", id="a command to terminals"),
        pytest.param("{% if a %}" * 6 + "b" + "{% endif %}" * 6, id="deep choices"),
        pytest.param("{% if a %}" * 900 + "b" + "{% endif %}" * 900, id="choices without end"),
        pytest.param("{{ " + "(" * 3000 + "a" + ")" * 3000 + " }}", id="brackets without end"),
        pytest.param("{{ " + "-" * 9000 + "a }}", id="signs without end"),
    ],
)
def test_what_a_hostile_author_would_try_is_refused(source):
    assert check_source(source)
    assert check_source(source, names={"school", "pupils", "a", "b"})


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{% for a in b %}{% for c in b %}{{ c }}{% endfor %}{% endfor %}", id="a loop in a loop"),
        pytest.param("{% for a in b if a %}{{ a.name }}{% endfor %}", id="a loop with a condition"),
        pytest.param("{% for a, c in b %}{{ c }}{% endfor %}", id="a loop over pairs"),
        pytest.param("{% for a in b.items %}{{ a.name }}{% endfor %}", id="a loop over an attribute"),
        pytest.param("{% for a in b %}{{ a.name.__class__ }}{% endfor %}", id="an attribute of an attribute"),
        pytest.param("{% for a in b %}{{ a.keys }}{% endfor %}", id="the machinery of a row"),
        pytest.param("{% for a in b %}{{ loop.index }}{% endfor %}", id="the machinery of a loop"),
        pytest.param("{% for a in b %}{{ c }}{% endfor %}", id="a value nobody gives"),
    ],
)
def test_a_staff_message_may_walk_through_a_list_and_no_more(source):
    assert check_source("{% for a in b %}{{ a.name }}{% endfor %}", family="staff", names={"b", "name"}) == []
    assert check_source(source, family="staff", names={"b", "name"})


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("<p>a</p><script>b</script>", id="a script"),
        pytest.param("<p onclick='a()'>b</p>", id="a handler"),
        pytest.param("<svg><p>b</p></svg>", id="a drawing"),
        pytest.param("<iframe srcdoc='a'></iframe>", id="a page in the page"),
        pytest.param("<form action='https://a.example'><input></form>", id="a form"),
        pytest.param("<a href='javascript:a()'>b</a>", id="an address that runs"),
        pytest.param("{% extends 'other.html' %}", id="another layout"),
        pytest.param("{% block head %}a{% endblock %}", id="another block"),
        pytest.param("{% block body %}{{ super() }}{% endblock %}", id="the block above"),
    ],
)
def test_the_page_of_an_email_may_hold_plain_markup_only(source):
    layout = '{% extends "_shared/email.html" %}{% block body %}<p style="margin:0">a</p>{% endblock %}'
    assert check_source(layout, html=True) == []
    assert check_source(source, html=True)


def test_a_wording_that_is_refused_is_never_written_out():
    wording = Wording.load()
    good = wording.template("reply_call")
    for bomb in (
        "{{ 'a' * 10**11 }}",
        "{{ pgettext('sms|reply_call', '%(school)99999999999s', school=school) }}",
        "{{ " + "(" * 3000,
    ):
        hostile = replace(good, sources={**good.sources, "sms.txt": bomb})
        problems = check_message(wording, hostile)
        assert problems
        assert {problem.where for problem in problems} <= {"sms.txt, line 1", "sms.txt", "sms|reply_call"}


@pytest.mark.parametrize("separator", ["\n", "\r", "\u2028", "\x0b", "\x85"])
def test_no_value_can_add_a_line_to_a_subject(separator):
    values = {"school": f"Oakfield{separator}Bcc: a@b.example", "phone": "01632960123"}
    message = Wording.load().render("reply_call", channel="email", language="en", values=values)
    assert len(message.subject.splitlines()) == 1


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
