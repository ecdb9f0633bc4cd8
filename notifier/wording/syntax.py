"""What a message's source may contain: words, named values, translatable sentences and a simple choice. Nothing else.

A sandbox alone is not enough for wording that schools write: `{{ 'a' * 10**9 }}` stays inside it and builds a gigabyte. So the
parsed template is compared with a short list of what is allowed, and everything else is refused by line. What the parser drops
(comments) or passes through (markup, hidden characters) is looked for in the source itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import TemplateSyntaxError, nodes

from notifier.wording.catalogues import PLACEHOLDER
from notifier.wording.problems import Problem
from notifier.wording.rendering import environment
from notifier.wording.templates import LAYOUT, STAFF

MOST_CHARACTERS: Final = 20_000
MOST_DEPTH: Final = 4
"""How deeply choices may stand in each other."""

TRANSLATE: Final = "pgettext"

ALWAYS_THERE: Final = frozenset({"several"})
"""Names a wording may use besides its placeholders: whether there is more than one child."""

_REMEDY: Final = 'Use only plain words, {{ name }}, {% trans "channel|template" %}…{% endtrans %} and {% if name %}…{% else %}…{% endif %}.'
_MACHINERY: Final = frozenset(
    {"self", "loop", "caller", "varargs", "kwargs", "super", "pgettext", "gettext", "ngettext", "npgettext", "context"}
)

# what Jinja reads as its own and then drops, copies or glues
_DROPPED: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\{#|#\}"), "A comment would hide words from reviewers."),
    (re.compile(r"\{%[-+]?\s*(?:end)?raw\b"), "Raw text would go out with its braces."),
    (
        re.compile(r"\{[{%][-+]|[-+][%}]\}"),
        "Signs that eat spaces and line ends are not allowed; they glue words together.",
    ),
    (re.compile(r"\{%\s*trans\b[^%]*\bnotrimmed\b"), "A sentence stands on one line: 'notrimmed' is not allowed."),
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\r(?!\n)"
)
_MARKUP = re.compile(r"<\s*[!/?a-zA-Z]|&#?\w+;", re.ASCII)
_ACTIVE = re.compile(
    r"<\s*/?\s*(?:script|iframe|object|embed|form|input|button|link|meta|base|style|svg|math|img|audio|video|template)\b"
    r"|\bon\w+\s*=|\bsrcdoc\b",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(?:java|vb)script\s*:|\bdata\s*:\s*text", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What this source may use: lists, the layout's blocks, and which names (None: any that is not Jinja's own)."""

    lists: bool
    html: bool
    names: frozenset[str] | None

    def refuses(self, name: str) -> bool:
        """Whether a name is not one of the message's values."""
        return name.startswith("_") or name in _MACHINERY or (self.names is not None and name not in self.names)


def check_source(
    source: str,
    *,
    template: str = "",
    where: str = "",
    family: str = "first_day",
    html: bool = False,
    names: Collection[str] | None = None,
) -> list[Problem]:
    """What is not allowed in a message's source; an empty list means it may be rendered.

    `template` and `where` only name the source in the problems. Messages of the family "staff" may also walk through lists; `html`
    allows the shared e-mail layout and plain markup. `names` are the values it may use, any if not given.
    """

    def refuse(line: int, what: str, remedy: str = _REMEDY) -> Problem:
        place = f"{where}, line {line}" if where else f"line {line}"
        return Problem(template, "en", place, what, remedy)

    if len(source) > MOST_CHARACTERS:
        return [refuse(1, f"The wording has {len(source)} characters; at most {MOST_CHARACTERS} are allowed.")]
    found = [refuse(line, what) for line, what in _unseen(source, html)]
    try:
        tree = environment({}, html=html).parse(source)
    except TemplateSyntaxError as fault:
        return [*found, refuse(fault.lineno, f"The wording cannot be read: {fault.message}.")]
    except RecursionError:
        return [*found, refuse(1, "The wording is nested too deeply.")]
    allowed = _Allowed(
        lists=family == STAFF,
        html=html,
        names=None if names is None else frozenset(names) | ALWAYS_THERE | _walked(tree),
    )
    return found + [refuse(line, what) for line, what in _refused(tree, allowed)]


def _unseen(source: str, html: bool) -> Iterator[tuple[int, str]]:
    """What the parsed template no longer shows."""
    for number, line in enumerate(source.split("\n"), start=1):
        for pattern, what in _DROPPED:
            if pattern.search(line):
                yield number, what
        if hidden := _HIDDEN.search(line):
            yield number, f"It holds a hidden character (U+{ord(hidden.group()[0]):04X}); delete it."
        if (_ACTIVE if html else _MARKUP).search(line):
            yield number, "It holds HTML; the words of a message are plain text."
        if _SCHEME.search(line):
            yield number, "It holds an address that runs a program."


def _walked(tree: nodes.Template) -> frozenset[str]:
    """The names that loops give to rows."""
    return frozenset(loop.target.name for loop in tree.find_all(nodes.For) if isinstance(loop.target, nodes.Name))


def _refused(tree: nodes.Template, allowed: _Allowed) -> Iterator[tuple[int, str]]:
    for node in tree.body:
        yield from _statement(node, allowed, MOST_DEPTH)


def _statement(node: nodes.Node, allowed: _Allowed, depth: int) -> Iterator[tuple[int, str]]:
    if depth < 0:
        yield node.lineno, "Choices stand in each other too deeply."
        return
    inner: list[nodes.Node] = []
    match node:
        case nodes.Output():
            for part in node.nodes:
                yield from _expression(part, allowed)
        case nodes.If():
            yield from _condition(node.test, allowed)
            inner = [*node.body, *node.elif_, *node.else_]
        case nodes.For() if allowed.lists:
            simple = isinstance(node.target, nodes.Name) and not node.recursive and node.test is None
            if not simple or not isinstance(node.iter, nodes.Name) or node.find(nodes.For) is not None:
                yield node.lineno, "A list may only be walked through as {% for row in rows %}, and not inside another."
            inner = [*node.body, *node.else_]
        case nodes.Block() if allowed.html and node.name == "body":
            inner = list(node.body)
        case nodes.Extends() if allowed.html:
            if not (isinstance(node.template, nodes.Const) and node.template.value == LAYOUT):
                yield node.lineno, f'Only the shared layout "{LAYOUT}" may be used.'
        case _:
            yield node.lineno, f"{{% {type(node).__name__.lower()} %}} is not allowed here."
    for child in inner:
        yield from _statement(child, allowed, depth - 1)


def _condition(node: nodes.Node, allowed: _Allowed) -> Iterator[tuple[int, str]]:
    match node:
        case nodes.Not() if isinstance(node.node, (nodes.Name, nodes.Getattr)):
            yield from _condition(node.node, allowed)
        case nodes.Name():
            yield from _name(node, allowed)
        case nodes.Getattr() if allowed.lists and isinstance(node.node, nodes.Name):
            yield from _attribute(node, allowed)
        case _:
            yield node.lineno, "A choice may only ask whether a value is there: {% if name %} or {% if not name %}."


def _expression(node: nodes.Node, allowed: _Allowed) -> Iterator[tuple[int, str]]:
    match node:
        case nodes.TemplateData():
            return
        case nodes.Name():
            yield from _name(node, allowed)
        case nodes.Getattr() if allowed.lists and isinstance(node.node, nodes.Name):
            yield from _attribute(node, allowed)
        case nodes.Call() if isinstance(node.node, nodes.Name) and node.node.name == TRANSLATE:
            yield from _translation(node, allowed)
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


def _translation(node: nodes.Call, allowed: _Allowed) -> Iterator[tuple[int, str]]:
    texts = [part.value for part in node.args if isinstance(part, nodes.Const) and isinstance(part.value, str)]
    if len(node.args) != 2 or len(texts) != 2 or node.dyn_args is not None or node.dyn_kwargs is not None:
        yield node.lineno, "A translatable sentence must be written out as text."
        return
    for keyword in node.kwargs:
        if not isinstance(keyword.value, nodes.Name):
            yield from _expression(keyword.value, allowed)
        elif keyword.value.name != keyword.key:
            yield node.lineno, f"The value '{keyword.value.name}' may not stand under the name '{keyword.key}'."
        else:
            yield from _name(keyword.value, allowed)
    sentence = texts[1]
    if {*PLACEHOLDER.findall(sentence)} != {keyword.key for keyword in node.kwargs}:
        yield node.lineno, "The sentence and the values it is given do not agree."
    if "%" in PLACEHOLDER.sub("", sentence):
        yield node.lineno, "A sentence may not hold a percent sign; write the share in words, or better a count."


def _name(node: nodes.Name, allowed: _Allowed) -> Iterator[tuple[int, str]]:
    if allowed.refuses(node.name):
        yield node.lineno, f"The name '{node.name}' is not allowed; it is none of this message's values."


def _attribute(node: nodes.Getattr, allowed: _Allowed) -> Iterator[tuple[int, str]]:
    if isinstance(node.node, nodes.Name):
        yield from _name(node.node, allowed)
    if allowed.refuses(node.attr):
        yield node.lineno, f"The name '{node.attr}' is not allowed."
