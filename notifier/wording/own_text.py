"""The wording a school writes itself: plain sentences with {{ pupils }}-style values and {% if several %}, and nothing else.

Such a text never reaches Jinja before every brace in it was found to be one of those few forms. What a sound text must be besides is
for `own_checks` to say; which text counts, for `overrides`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Final

from notifier.wording.templates import MessageTemplate, html_of

OWN_CHANNELS: Final = ("sms", "email")
"""The channels a school may word itself; the page that carers open is the same everywhere."""

FILES: Final[Mapping[str, str]] = {"sms": "sms.txt", "email": "email.txt"}

SUBJECT: Final = "Subject: "

_ALLOWED: Final = (
    "Use only plain sentences, values such as {{ pupils }}, and {% if several %}…{% else %}…{% endif %} "
    "(or the name of a value that may be missing in place of several)."
)
_MOST_CHOICES: Final = 12
_DEEPEST: Final = 3

_TOKEN = re.compile(
    r"\{\{ ?(?P<value>[a-z_]+) ?\}\}"
    r"|\{% ?(?P<word>if|elif) (?P<negated>not )?(?P<asked>[a-z_]+) ?%\}"
    r"|\{% ?(?P<end>else|endif) ?%\}"
)
_SENTENCE = re.compile(r'\{% trans "(?P<context>[^"]*)" %\}(?P<text>.*?)\{% endtrans %\}', re.DOTALL)
VALUE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way a text reads: which conditions hold, and the words, values still as {{ name }}."""

    holds: tuple[tuple[str, bool], ...]
    words: str

    @property
    def described(self) -> str:
        """The conditions for people, as in "several children"; empty where the text has none."""
        told = [("several children" if value else "one child") if name == "several" else f"{'with' if value else 'without'} {name}"
                for name, value in self.holds]  # fmt: skip
        return ", ".join(told)


class TextRefused(Exception):
    """A text holds what own wording may not; `line` counts from 1."""

    def __init__(self, line: int, what: str, remedy: str = _ALLOWED) -> None:
        super().__init__(what)
        self.line, self.what, self.remedy = line, what, remedy


def tidy(text: str) -> str:
    """A text as it is kept: line ends of one kind, no spaces at their ends, one line end at the close. Words are left alone."""
    lines = [
        line.rstrip() for line in text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines).strip()) + "\n"


def digest(text: str) -> str:
    """What a wording is recognised by: sixteen hexadecimal digits over its tidied text."""
    return hashlib.sha256(tidy(text).encode()).hexdigest()[:16]


def plain(template: MessageTemplate, channel: str, translations: Mapping[tuple[str, str], str] | None = None) -> str:
    """The shipped wording of a channel in the form of own wording: without its marks for translators, translated where it is.

    `translations` are by context and English text, as `Wording.translations` gives them; without them it is English.
    """

    def sentence(found: re.Match[str]) -> str:
        english = " ".join(found["text"].split())
        words = (translations or {}).get((found["context"], VALUE.sub(r"%(\1)s", english)))
        return english if words is None else re.sub(r"%\((\w+)\)s", r"{{ \1 }}", words).replace("%%", "%")

    return tidy(_SENTENCE.sub(sentence, template.sources[FILES[channel]]))


def as_template(template: MessageTemplate, channel: str, text: str) -> MessageTemplate:
    """The message with an own text as its only source, ready to be rendered. The text must have passed `check_own`."""
    sources = {FILES[channel]: text}
    if channel == "email":
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        sources["email.html"] = html_of(escaped)
    composed = frozenset({"email.html"} if channel == "email" else ())
    return replace(
        template,
        sources=MappingProxyType(sources),
        digest=hashlib.sha256(f"own\0{template.digest}\0{channel}\0{text}".encode()).hexdigest(),
        composed=composed,
    )


def readings(template: MessageTemplate, text: str) -> list[Reading]:
    """Every way a text reads. Raises TextRefused."""
    asked = sorted({found["asked"] for found in _TOKEN.finditer(text) if found["asked"]})
    may_ask = {given.name for given in template.placeholders if not given.required}
    if any(given.kind == "names" for given in template.placeholders):
        may_ask.add("several")
    parts = _parts(text)
    for part in parts:
        if part.asked and part.asked not in may_ask:
            known = ", ".join(sorted(may_ask)) or "nothing, in this message"
            raise TextRefused(part.line, f"A choice asks for '{part.asked}'.", f"It may ask for: {known}.")
    found = []
    for values in product((False, True), repeat=len(asked)):
        holds = dict(zip(asked, values, strict=True))
        found.append(Reading(tuple(holds.items()), tidy(_written(parts, holds))))
    return found


def reading(text: str, holds: Mapping[str, bool]) -> str:
    """A text with its choices made; `holds` says of everything it asks for whether it is there. Raises TextRefused."""
    return tidy(_written(_parts(text), holds))


@dataclass(frozen=True, slots=True)
class _Part:
    line: int
    words: str = ""
    keyword: str = ""
    asked: str = ""
    negated: bool = False


def _parts(text: str) -> list[_Part]:
    """A text in pieces. Every brace must belong to one of the few forms; choices must be closed. Raises TextRefused."""
    parts: list[_Part] = []
    at, depth, choices = 0, 0, 0
    open_else: list[bool] = []
    for found in _TOKEN.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        parts.append(_words(text, at, found.start()))
        at = found.end()
        if found["value"]:
            parts.append(_Part(line, words=f"{{{{ {found['value']} }}}}"))
            continue
        word = found["word"] or found["end"]
        if word == "if":
            depth, choices = depth + 1, choices + 1
            open_else.append(False)
        elif not open_else:
            raise TextRefused(line, f"{{% {word} %}} stands without its {{% if … %}}.")
        elif word == "endif":
            depth -= 1
            open_else.pop()
        elif open_else[-1]:
            raise TextRefused(line, f"{{% {word} %}} follows an {{% else %}} of the same choice.")
        elif word == "else":
            open_else[-1] = True
        if depth > _DEEPEST or choices > _MOST_CHOICES:
            raise TextRefused(line, f"There are too many choices; at most {_MOST_CHOICES}, {_DEEPEST} deep.")
        parts.append(_Part(line, keyword=word, asked=found["asked"] or "", negated=bool(found["negated"])))
    parts.append(_words(text, at, len(text)))
    if depth:
        raise TextRefused(text.count("\n"), "A choice is not closed.", "Write {% endif %} at its end.")
    return parts


def _words(text: str, start: int, end: int) -> _Part:
    words, line = text[start:end], text.count("\n", 0, start) + 1
    brace = re.search(r"[{}]", words)
    if brace:
        line += words.count("\n", 0, brace.start())
        piece = text[max(start + brace.start() - 2, 0) : start + brace.start() + 30].split("\n")[0]
        raise TextRefused(line, f"This is not allowed: {piece.strip()}")
    return _Part(line, words=words)


def _written(parts: list[_Part], holds: Mapping[str, bool]) -> str:
    written: list[str] = []
    # for each open choice: whether this branch is written, and whether one was already
    branches: list[tuple[bool, bool]] = []
    for part in parts:
        if part.keyword in ("if", "elif"):
            true = holds[part.asked] != part.negated
            done = branches.pop()[1] if part.keyword == "elif" else False
            branches.append((true and not done, true or done))
        elif part.keyword == "else":
            branches.append((not branches.pop()[1], True))
        elif part.keyword == "endif":
            branches.pop()
        elif all(shown for shown, _ in branches):
            written.append(part.words)
    return "".join(written)
