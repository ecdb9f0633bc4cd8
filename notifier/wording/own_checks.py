"""What keeps a school's own text from going out: what it may not hold, what it must, and the rules of the shipped wording.

Each way the text can read (one child or several, with a link or without) is written out, and put to those rules as if it were shipped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import Final

from notifier.wording.catalogues import DRAFT, Entry, LanguageCatalogue, english_hash, sentences
from notifier.wording.checks import check_message
from notifier.wording.languages import ENGLISH, is_english
from notifier.wording.own_text import (
    FILES,
    SUBJECT,
    VALUE,
    Reading,
    TextRefused,
    as_template,
    plain,
    reading,
    readings,
)
from notifier.wording.problems import Problem
from notifier.wording.reading import reading_age, too_hard
from notifier.wording.rendering import Wording
from notifier.wording.syntax import check_source
from notifier.wording.templates import MessageTemplate, Placeholder, html_of
from notifier.wording.values import BETWEEN_NAMES

LONGEST: Final[Mapping[str, int]] = {"sms": 1_600, "email": 6_000}
"""The most characters an own text may have; far above what the limits on parts let through."""

_TOGETHER: Final = "all channels"  # where the rules say how a whole message reads; here it is one channel
_NAMED = re.compile(r": ([^:(]+)\. \(")


def check_own(
    layout: str, template: MessageTemplate, *, channel: str, language: str, text: str, english: str
) -> list[Problem]:
    """What keeps an own text from going out; an empty list means it may.

    `english` is the English text it says the same as (for English itself it is not looked at), `layout` the shared e-mail layout.
    """

    def problem(line: int, what: str, remedy: str) -> Problem:
        return Problem(template.key, language, f"{FILES[channel]}, line {line}", what, remedy)

    if template.english_only:
        return [problem(1, "Messages to staff cannot be changed.", "Change only messages to families.")]
    if channel not in template.channels:
        return [
            problem(1, f"This message is not written for {channel}.", f"It goes by {', '.join(template.channels)}.")
        ]
    found = [problem(*told) for told in _characters(text, LONGEST[channel])]
    if found:
        return found
    try:
        ways = readings(template, text)
    except TextRefused as refused:
        return [problem(refused.line, refused.what, refused.remedy)]
    found += (problem(*told) for told in _values(template, channel, ways, text))
    if channel == "email" and not text.startswith(SUBJECT):
        found.append(problem(1, "The e-mail has no subject.", f'Begin with a line "{SUBJECT}…".'))
    elif channel == "email" and not all(way.words.partition("\n")[2].strip() for way in ways):
        found.append(problem(1, "The e-mail has nothing below its subject.", "Write the message below an empty line."))
    elif channel == "sms" and "\n\n" in text:
        line = text.index("\n\n")
        found.append(problem(text.count("\n", 0, line) + 2, "A text has no empty lines.", "Take the empty line out."))
    if found:
        return found
    return list(dict.fromkeys(_by_the_rules(layout, template, channel, language, text, english)))


def _by_the_rules(
    layout: str, template: MessageTemplate, channel: str, language: str, text: str, english: str
) -> Iterator[Problem]:
    """What the rules of the shipped wording say to each way a text reads."""
    own = as_template(template, channel, text)
    for name, source in own.sources.items():
        yield from check_source(
            source, template=template.key, where=name, family=template.family, html=name != FILES[channel]
        )
    in_english = is_english(language)
    if in_english:
        pairs = [(way, way.words, way.words) for way in readings(template, text)]
    else:
        pairs = list(_pairs(template, text, english))
    told: dict[Problem, list[str]] = {}
    for way, english_words, own_words in pairs:
        fixed = replace(template, placeholders=tuple(_fixed(template, dict(way.holds))))
        for found in _of_one_reading(layout, fixed, channel, language, english_words, own_words):
            if (found.language == ENGLISH) == in_english and found.where != _TOGETHER:
                told.setdefault(_placed(found, channel, text), []).append(way.described)
    for found, ways in told.items():
        everywhere = len(ways) == len(pairs) or not ways[0]
        yield found if everywhere else replace(found, where=f"{found.where} ({ways[0]})")
    hard = too_hard([_as_sentence(way.words) for way, _, _ in pairs]) if in_english else None
    shipped = reading_age([_as_sentence(way.words) for way in readings(template, plain(template, channel))])
    if hard and hard[0] > (shipped or 0):  # one channel alone is a short text; nobody need write more simply than we do
        what = f"It reads for an age of {hard[0]:.1f} years; the limit is {hard[1]:g}."
        yield Problem(
            template.key, language, FILES[channel], what, "Use shorter sentences and shorter, everyday words."
        )


def _pairs(template: MessageTemplate, text: str, english: str) -> Iterator[tuple[Reading, str, str]]:
    """Each way a translation reads, with the English of that way.

    What the translation never asks for is missing from the English too: a link may be left out of a translation.
    """
    own = {name for way in readings(template, text) for name, _ in way.holds}
    others = {name for way in readings(template, english) for name, _ in way.holds}
    asked = sorted(own | others & {"several"})
    for values in product((False, True), repeat=len(asked)):
        holds = dict(zip(asked, values, strict=True))
        said = reading(english, dict.fromkeys(others, False) | holds)
        yield Reading(tuple(holds.items()), ""), said, reading(text, holds)


def _as_sentence(words: str) -> str:
    return VALUE.sub(r"%(\1)s", _joined(words.removeprefix(SUBJECT)))


def _placed(found: Problem, channel: str, text: str) -> Problem:
    """A problem as the writer of the text meets it: values as {{ name }}, with the line where its words are found."""
    what = re.sub(r"%\((\w+)\)s", r"{{ \1 }}", found.what)
    where = found.where
    if "|" in where:
        where = FILES[channel]
        said = _NAMED.search(what)
        for word in said[1].split(", ") if said else ():
            before, at, _ = text.casefold().partition(word.casefold())
            if at:
                where += f", line {before.count(chr(10)) + 1}"
                what = what[: said.end() - 2] if said else what  # the whole text need not stand behind it again
                break
    return replace(found, what=what, where=where)


def _fixed(template: MessageTemplate, holds: Mapping[str, bool]) -> Iterator[Placeholder]:
    """The values of one way of reading: as many children as it is about, and what may be missing either there or not known."""
    for given in template.placeholders:
        if given.kind == "names":
            number = 2 if holds.get("several", True) else 1
            samples = [
                BETWEEN_NAMES.join([*names, "Yusuf"][:number])
                for names in (given.sample, given.longest)
                if isinstance(names, tuple)
            ]
            yield replace(given, kind="text", sample=samples[0], longest=samples[-1])
        elif given.required or holds.get(given.name, False):
            yield replace(given, required=True)


def _of_one_reading(
    layout: str, template: MessageTemplate, channel: str, language: str, english: str, words: str
) -> list[Problem]:
    """Put one way of reading to the rules, as if it were a shipped message with a translation."""
    key = template.key
    subject, _, body = english.partition("\n") if channel == "email" else ("", "", english)
    source = f'{{% trans "{channel}|{key}" %}}{_joined(body)}{{% endtrans %}}\n'
    if channel == "email":
        subject = _joined(subject.removeprefix(SUBJECT))
        source = f'{SUBJECT}{{% trans "email.subject|{key}" %}}{subject}{{% endtrans %}}\n\n{source}'
    sources = {FILES[channel]: source}
    if channel == "email":
        sources["email.html"] = html_of(source)
    shown = replace(template, sources=MappingProxyType(sources), composed=frozenset(sources) - {FILES[channel]})
    catalogues = {}
    if not is_english(language):
        first, _, rest = words.partition("\n") if channel == "email" else ("", "", words)
        said = {channel: _joined(rest), "email.subject": _joined(first.removeprefix(SUBJECT))}
        entries = {
            (sentence.context, sentence.english): Entry(
                context=sentence.context,
                english=sentence.english,
                translation=VALUE.sub(r"%(\1)s", said[sentence.context.partition("|")[0]].replace("%", "%%")),
                status=DRAFT,
                english_hash=english_hash(sentence.context, sentence.english),
            )
            for sentence in sentences([shown])
        }
        catalogues[language] = LanguageCatalogue(language, entries)
    return check_message(Wording({key: shown}, catalogues, layout), key, language)


def _joined(text: str) -> str:
    return " ".join(text.split())


def _characters(text: str, longest: int) -> Iterator[tuple[int, str, str]]:
    if not text.strip():
        yield 1, "There are no words.", "Write the message, or remove the own wording: notifier wording remove."
    if len(text) > longest:
        yield 1, f"It has {len(text)} characters; at most {longest} are allowed.", "Use fewer words."
    for number, line in enumerate(text.split("\n"), start=1):
        for letter in line:
            if (
                unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
                and letter not in "\u200c\u200d"
            ):
                remedy = "Take it out; writing the line again usually does."
                yield number, f"It holds the invisible character U+{ord(letter):04X}.", remedy
                break


def _values(template: MessageTemplate, channel: str, ways: list[Reading], text: str) -> Iterator[tuple[int, str, str]]:
    known = {given.name: given for given in template.placeholders}
    named = set(VALUE.findall(template.sources[FILES[channel]]))
    needed = [name for name, given in known.items() if given.required and name in named]
    told: set[str] = set()
    for way in ways:
        used, holds = set(VALUE.findall(way.words)), dict(way.holds)
        when = f" ({way.described})" if way.described else ""
        for name in sorted(used - known.keys()):
            if name not in told:
                yield _line(text, name), f"There is no value '{name}'.", f"There are: {', '.join(known)}."
            told.add(name)
        for name in needed:
            if name not in used and f"-{name}" not in told:
                told.add(f"-{name}")
                remedy = f"The shipped wording names it: {known[name].means}. Put {{{{ {name} }}}} into every way the text can read."
                yield 1, f"It lacks {{{{ {name} }}}}{when}.", remedy
        for name in sorted(used & known.keys()):
            if not known[name].required and not holds.get(name, False) and f"?{name}" not in told:
                told.add(f"?{name}")
                remedy = f"Write {{% if {name} %}} before the sentence and {{% endif %}} after it."
                yield _line(text, name), f"'{name}' may be missing, and the sentence would have a hole.", remedy


def _line(text: str, name: str) -> int:
    found = re.search(rf"\{{\{{ ?{name} ?\}}\}}", text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
