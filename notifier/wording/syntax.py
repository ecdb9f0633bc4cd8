"""What a message's source may contain: words, named values, translatable sentences and a simple choice. Nothing else.

A sandbox alone is not enough for wording that schools write: `{{ 'a' * 10**9 }}` stays inside it and builds a gigabyte. So the
parsed template is compared with a short list of what is allowed, and everything else is refused by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jinja2 import TemplateSyntaxError, nodes

from notifier.wording.problems import Problem
from notifier.wording.rendering import environment
from notifier.wording.templates import LAYOUT, STAFF

MOST_CHARACTERS: Final = 20_000
TRANSLATE: Final = "pgettext"

_REMEDY: Final = 'Use only plain words, {{ name }}, {% trans "channel|template" %}…{% endtrans %} and {% if name %}…{% else %}…{% endif %}.'


def check_source(
    source: str, *, template: str = "", where: str = "", family: str = "first_day", html: bool = False
) -> list[Problem]:
    """What is not allowed in a message's source; an empty list means it may be rendered.

    `template` and `where` only name the source in the problems. Messages of the family "staff" may also walk through lists; `html`
    allows the shared e-mail layout.
    """

    def refuse(line: int, what: str) -> Problem:
        place = f"{where}, line {line}" if where else f"line {line}"
        return Problem(template, "en", place, what, _REMEDY)

    if len(source) > MOST_CHARACTERS:
        return [refuse(1, f"The wording has {len(source)} characters; at most {MOST_CHARACTERS} are allowed.")]
    try:
        tree = environment({}, html=html).parse(source)
    except TemplateSyntaxError as fault:
        return [refuse(fault.lineno, f"The wording cannot be read: {fault.message}.")]
    except RecursionError:
        return [refuse(1, "The wording is nested too deeply.")]
    return [refuse(line, what) for line, what in _refused(tree, lists=family == STAFF, html=html)]


def _refused(tree: nodes.Template, *, lists: bool, html: bool) -> Iterator[tuple[int, str]]:
    for node in tree.body:
        yield from _statement(node, lists, html)


def _statement(node: nodes.Node, lists: bool, html: bool) -> Iterator[tuple[int, str]]:
    inner: list[nodes.Node] = []
    match node:
        case nodes.Output():
            for part in node.nodes:
                yield from _expression(part, lists)
        case nodes.If():
            yield from _condition(node.test, lists)
            inner = [*node.body, *node.elif_, *node.else_]
        case nodes.For() if lists:
            simple = isinstance(node.target, nodes.Name) and not node.recursive and node.test is None
            if not simple or not isinstance(node.iter, nodes.Name):
                yield node.lineno, "A list may only be walked through as {% for row in rows %}."
            inner = [*node.body, *node.else_]
        case nodes.Block() if html:
            inner = list(node.body)
        case nodes.Extends() if html:
            if not (isinstance(node.template, nodes.Const) and node.template.value == LAYOUT):
                yield node.lineno, f'Only the shared layout "{LAYOUT}" may be used.'
        case _:
            yield node.lineno, f"{{% {type(node).__name__.lower()} %}} is not allowed here."
    for child in inner:
        yield from _statement(child, lists, html)


def _condition(node: nodes.Node, lists: bool) -> Iterator[tuple[int, str]]:
    match node:
        case nodes.Not():
            yield from _condition(node.node, lists)
        case nodes.Name():
            return
        case nodes.Getattr() if lists and isinstance(node.node, nodes.Name):
            yield from _attribute(node)
        case _:
            yield node.lineno, "A choice may only ask whether a value is there: {% if name %} or {% if not name %}."


def _expression(node: nodes.Node, lists: bool) -> Iterator[tuple[int, str]]:
    match node:
        case nodes.TemplateData() | nodes.Name():
            return
        case nodes.Getattr() if lists and isinstance(node.node, nodes.Name):
            yield from _attribute(node)
        case nodes.Call() if isinstance(node.node, nodes.Name) and node.node.name == TRANSLATE:
            yield from _translation(node, lists)
        case nodes.Call() if isinstance(node.node, nodes.Name) and node.node.name in (
            "gettext",
            "ngettext",
            "npgettext",
        ):
            yield node.lineno, 'A sentence needs a context and no counted plural: {% trans "channel|template" %}.'
        case nodes.Const():
            yield node.lineno, "A literal value is not allowed; write the words as plain text."
        case _:
            yield (
                node.lineno,
                f"Only a name may stand between braces, not an expression ({type(node).__name__.lower()}).",
            )


def _translation(node: nodes.Call, lists: bool) -> Iterator[tuple[int, str]]:
    fixed = len(node.args) == 2 and all(
        isinstance(part, nodes.Const) and isinstance(part.value, str) for part in node.args
    )
    if not fixed or node.dyn_args is not None or node.dyn_kwargs is not None:
        yield node.lineno, "A translatable sentence must be written out as text."
    for keyword in node.kwargs:
        if not isinstance(keyword.value, nodes.Name):
            yield from _expression(keyword.value, lists)


def _attribute(node: nodes.Getattr) -> Iterator[tuple[int, str]]:
    if node.attr.startswith("_"):
        yield node.lineno, f"The name '{node.attr}' is not allowed."
