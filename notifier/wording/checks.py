"""Looks through every message in every language for what must not go out, before anybody is asked to approve it.

It checks that placeholders and numbers survive translation, that the longest values still fit, that right-to-left texts begin so, and
that the English can be read at nine. What a sentence may not say is in `words`, what may be wrong with its characters in `letters`,
its reading age in `reading`, and what a source may contain in `syntax`. A source that is refused there is never rendered here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Final

from notifier.domain.sms import measure, offending
from notifier.wording.catalogues import PLACEHOLDER, Sentence, sentences
from notifier.wording.languages import ENGLISH, direction, first_strong, negotiated
from notifier.wording.letters import Finding, balanced, ending, letters
from notifier.wording.problems import Problem
from notifier.wording.reading import MOST_WORDS, spoken_sentences, too_hard, words_in
from notifier.wording.rendering import Rendered, Wording
from notifier.wording.syntax import check_source
from notifier.wording.templates import MessageTemplate, TemplateFault
from notifier.wording.values import MissingValue
from notifier.wording.words import english_left, forbidden, gendered

COMPLETE: Final = frozenset({"pl", "ro", "ur", "bn", "pa", "ar", "pt", "es", "so", "tr", "uk", "cy"})
"""Languages in which every message of COMPLETE_FAMILIES must have a translation; others may be under way."""

COMPLETE_FAMILIES: Final = frozenset({"first_day", "illness"})

GSM_LANGUAGES: Final = frozenset({ENGLISH, "cy", "so"})
"""Languages whose texts promise to stay in the GSM alphabet. Welsh does so by choice of words, never by dropping accents."""

SUBJECT_MAY_NAME: Final = frozenset({"school", "date", "session"})
"""What a subject line may hold: it shows on locked screens and in shared inboxes."""

CONTEXTS: Final = {
    "sms.txt": ("sms",),
    "email.txt": ("email", "email.subject"),
    "email.html": ("email",),
    "page.txt": ("page",),
}
"""The contexts sentences carry, by file: translators see where a sentence will stand."""

_SENTENCE = re.compile(r"\{% trans .*?\{% endtrans %\}", re.DOTALL)
_LABEL = re.compile(r"^\w+: ", re.MULTILINE)  # what the page calls each of its sentences
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_NAMED = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_MARKUP = re.compile(r"<[^>]*>|&\w+;")
_SURNAME = re.compile(r"\b(?:family_name|surname|last_name|full_name)\b")
_SPACED_NUMBER = re.compile(r"\d{3,}[ \u00a0\u202f]\d{3,}")


def check(wording: Wording) -> list[Problem]:
    """Every problem found, by template, then language. An empty list means that the wording may be put before a reviewer."""
    own: dict[str, list[Sentence]] = {template.key: [] for template in wording.templates()}
    for sentence in sentences(wording.templates()):
        own[sentence.template].append(sentence)
    found: list[Problem] = []
    for template in wording.templates():
        refused = list(_check_sources(template))
        for language in wording.languages():
            found += _check_one(wording, template, language, own[template.key], refused)
    return list(dict.fromkeys(found))


def check_message(wording: Wording, message: str | MessageTemplate, language: str = ENGLISH) -> list[Problem]:
    """The problems of one message in one language: what `check` finds, without looking at anything else.

    `message` is a key, or a template that is not (yet) part of the wording and is looked at with its translations. The English
    wording is checked under "en", and a language that is checked alone must be complete. Raises UnknownTemplate for an unknown key.
    """
    template = message if isinstance(message, MessageTemplate) else wording.template(message)
    refused = list(_check_sources(template))
    try:
        alone = wording if isinstance(message, str) else wording.only(template)
        own = [sentence for sentence in sentences([template]) if sentence.template == template.key]
    except TemplateFault as fault:
        remedy = "Give each sentence the context of its channel and message."
        return refused or [Problem(template.key, ENGLISH, "", str(fault), remedy)]
    except RecursionError:
        return refused
    tag = negotiated(language, alone.languages()) or language
    return list(dict.fromkeys(_check_one(alone, template, tag, own, refused, complete=True)))


def check_text(template: MessageTemplate, language: str, channel: str, text: str) -> list[Problem]:
    """The problems of a plain text that is to stand for a message in one language, with {{ name }} or %(name)s for the values.

    Its words and characters are checked, and in English how it reads; not its length, which depends on the values. `channel` is
    "sms", "email" or "page".
    """
    plain = _NAMED.sub(r"%(\1)s", text)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    found = [
        problem for line in lines for problem in _check_words(template, language, f"{channel}|{template.key}", line)
    ]
    return list(dict.fromkeys([*found, *(_check_reading(template, channel, lines) if language == ENGLISH else ())]))


def _check_one(
    wording: Wording,
    template: MessageTemplate,
    language: str,
    own: list[Sentence],
    refused: list[Problem],
    *,
    complete: bool = False,
) -> Iterator[Problem]:
    """What is wrong with one message in one language. A source that was `refused` is not rendered, not even to look at it."""
    if language == ENGLISH:
        yield from refused
        for sentence in own:
            yield from _check_english(template, sentence)
        if not template.english_only:
            yield from _check_reading(template, "all channels", [sentence.english for sentence in own])
        yield from _check_untranslatable(template, own)
        if not refused:
            yield from _check_rendered(wording, template, ENGLISH)
        return
    if template.english_only:
        return
    translated = wording.translations(template.key, language)
    expected = complete or (language in COMPLETE and template.family in COMPLETE_FAMILIES)
    if not translated and not expected:
        return
    yield from _check_translations(template, language, own, translated)
    if len(translated) == len(own) and not refused:
        yield from _check_rendered(wording, template, language)


def _check_sources(template: MessageTemplate) -> Iterator[Problem]:
    names = {given.name for given in template.placeholders}
    names |= {field.name for given in template.placeholders for field in given.fields}
    names |= {"name", "number"} if any(given.kind == "counts" for given in template.placeholders) else set()
    for name, source in template.sources.items():
        if _SURNAME.search(source):
            yield Problem(template.key, ENGLISH, name, "It uses a surname.", "Use the given name only: {{ pupils }}.")
        if name in template.composed:
            continue  # made from email.txt, which is checked itself
        yield from check_source(
            source, template=template.key, where=name, family=template.family, html=name.endswith(".html"), names=names
        )
    subject = template.sources.get("email.txt", "").partition("\n")[0]
    named = set(re.findall(r"\{\{-?\s*(\w+)", subject)) - SUBJECT_MAY_NAME
    if named:
        remedy = f"A subject may hold only {', '.join(sorted(SUBJECT_MAY_NAME))}."
        yield Problem(template.key, ENGLISH, "email.subject", f"The subject holds {', '.join(sorted(named))}.", remedy)
    for given in template.placeholders:
        if given.kind == "link" and (found := list(forbidden(ENGLISH, str(given.sample), family=template.family))):
            shortened = [what for what, _ in found if "shortened" in what]
            for what in shortened:
                remedy = "Give the whole address: families are told not to trust shortened ones."
                yield Problem(template.key, ENGLISH, f"placeholder {given.name}", what, remedy)


def _check_english(template: MessageTemplate, sentence: Sentence) -> Iterator[Problem]:
    where = sentence.context
    yield from _check_words(template, ENGLISH, where, sentence.english)
    named = {*PLACEHOLDER.findall(sentence.english)} - SUBJECT_MAY_NAME
    if where.startswith("email.subject|") and named:
        remedy = f"A subject may hold only {', '.join(sorted(SUBJECT_MAY_NAME))}."
        yield Problem(template.key, ENGLISH, where, f"The subject holds {', '.join(sorted(named))}.", remedy)


def _check_reading(template: MessageTemplate, where: str, texts: list[str]) -> Iterator[Problem]:
    for spoken in spoken_sentences(texts):
        if (count := words_in(spoken)) > MOST_WORDS:
            what = f"A sentence has {count} words; at most {MOST_WORDS} are allowed: {spoken}"
            yield Problem(template.key, ENGLISH, where, what, "Make two sentences of it.")
    if hard := too_hard(texts):
        what = f"It reads for an age of {hard[0]:.1f} years; the limit is {hard[1]:g}."
        yield Problem(template.key, ENGLISH, where, what, "Use shorter sentences and shorter, everyday words.")


def _check_untranslatable(template: MessageTemplate, own: Iterable[Sentence]) -> Iterator[Problem]:
    """Words for families outside a translatable sentence would go out in English whatever was approved."""
    if template.english_only:
        return
    for name, source in template.sources.items():
        named = _LABEL.sub("", source) if name == "page.txt" else source.removeprefix("Subject:")
        loose = _TAG.sub("", _SENTENCE.sub("", named))
        if words := re.findall(r"\w+", _MARKUP.sub("", loose)):
            what = f"These words are not part of a translatable sentence: {' '.join(words)}"
            remedy = f'Put them into {{% trans "email|{template.key}" %}}…{{% endtrans %}}.'
            yield Problem(template.key, ENGLISH, name, what, remedy)
        for context in re.findall(r"""\{%\s*trans\s+["']([^"']*)["']""", source):
            channel, _, key = context.partition("|")
            if key != template.key or channel not in CONTEXTS[name]:
                remedy = f'Expected "{CONTEXTS[name][0]}|{template.key}".'
                yield Problem(template.key, ENGLISH, name, f'A sentence has the context "{context}".', remedy)


def _check_translations(
    template: MessageTemplate, language: str, own: Iterable[Sentence], translated: Mapping[tuple[str, str], str]
) -> Iterator[Problem]:
    for sentence in own:
        where, english = sentence.context, sentence.english
        text = translated.get((where, english))
        if text is None:
            what = f"There is no current translation of: {english}"
            remedy = "Translate it, or take the fuzzy mark off a suggestion that fits."
            yield Problem(template.key, language, where, what, remedy)
            continue
        for what, remedy in _against_english(language, english, text):
            yield Problem(template.key, language, where, f"{what} ({text})", remedy)
        yield from _check_words(template, language, where, text)


def _against_english(language: str, english: str, text: str) -> Iterator[Finding]:
    """What a translation lost, kept or turned round of its English."""
    if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(english)):
        needed = " ".join(match.group() for match in PLACEHOLDER.finditer(english)) or "none"
        yield "The placeholders differ.", f"Needed, once each: {needed}."
    if re.findall(r"\d+", text) != re.findall(r"\d+", english):
        yield "The numbers differ.", "Use the numbers of the English text, in Latin digits."
    elif not re.sub(r"\D", "", text).isascii():
        yield "Its digits are not Latin ones.", "Use 0 to 9, as the dates and telephone numbers do."
    if direction(language) == "rtl" and first_strong(PLACEHOLDER.sub("Xyz", text)) != "rtl":
        what = "It begins with a left-to-right word, so phones would set it the wrong way round."
        yield what, "Begin with a word of the language, before any placeholder."
    yield from ending(language, english, text)
    yield from english_left(language, english, text)


def _check_words(template: MessageTemplate, language: str, where: str, text: str) -> Iterator[Problem]:
    """What one sentence of any language may not hold."""
    for what, remedy in _findings(template, language, where, text):
        yield Problem(template.key, language, where, f"{what} ({text})", remedy)


def _findings(template: MessageTemplate, language: str, where: str, text: str) -> Iterator[Finding]:
    words = PLACEHOLDER.sub("", text)
    if "%" in words:
        remedy = "Write the share in words, or better a count of days; placeholders are %(name)s."
        yield "It holds a percent sign or a broken placeholder.", remedy
    if _MARKUP.search(words):
        yield "It holds HTML.", "Sentences are plain text; markup belongs into the e-mail's layout."
    yield from letters(language, text, channel=where.partition("|")[0])
    yield from forbidden(language, text, family=template.family)
    yield from gendered(language, text)


def variants(template: MessageTemplate) -> Iterator[tuple[str, dict[str, object]]]:
    """The values every message is tried with: ordinary and longest, one child and several, with and without what may be missing."""
    optional = [given.name for given in template.placeholders if not given.required]
    for longest in (False, True):
        base = template.samples(longest=longest)
        names = [given.name for given in template.placeholders if given.kind == "names"]
        absent: tuple[dict[str, object], ...] = ({}, dict.fromkeys(optional)) if optional else ({},)
        for single, missing in product((True, False) if names else (True,), absent):
            values = {**base, **missing}
            for name in names:
                given = values[name]
                if isinstance(given, tuple):
                    values[name] = given[:1] if single else (given if len(given) > 1 else (*given, "Yusuf"))
            words = ["longest values" if longest else "ordinary values"]
            if names:
                words.append("one child" if single else "several children")
            if missing:
                words.append(f"without {', '.join(missing)}")
            yield ", ".join(words), values


def _check_rendered(wording: Wording, template: MessageTemplate, language: str) -> Iterator[Problem]:
    for channel in template.channels:
        for described, values in variants(template):
            where = f"{channel}, {described}"
            try:
                message = wording.draft(template.key, channel=channel, language=language, values=values)
            except (MissingValue, TemplateFault) as fault:
                remedy = "Make the placeholders in message.toml and in the wording agree."
                yield Problem(template.key, language, where, str(fault), remedy)
                continue
            yield from _check_set(template, message, where)
            if channel != "sms":
                continue
            # a school that puts links into texts has chosen what they cost
            limit = template.most_segments(language) + (values.get("reply_link") is not None)
            if message.segments > limit:
                size = measure(message.body)
                what = f"It takes {size.segments} parts ({size.units} units, {size.encoding}); at most {limit} are allowed."
                yield Problem(template.key, language, where, what, "Use fewer words.")
            if language in GSM_LANGUAGES and message.encoding != "GSM-7":
                letters = " ".join(offending(message.body))
                what = f"It holds letters outside the GSM alphabet: {letters}"
                yield Problem(template.key, language, where, what, "Choose words without these letters.")


def _check_set(template: MessageTemplate, message: Rendered, where: str) -> Iterator[Problem]:
    """Whether a written message keeps its direction: isolates closed, numbers in one piece where a line runs from the right."""
    if not balanced(f"{message.subject or ''}{message.body}"):
        what = "Its direction isolates are not closed in order."
        yield Problem(template.key, message.language, where, what, "Close every isolate in the same sentence.")
    if direction(message.language) != "rtl":
        return
    if spaced := _SPACED_NUMBER.search(message.body):
        what = f"A number with spaces shows with its parts exchanged: {spaced.group()}"
        yield Problem(template.key, message.language, where, what, "Use {{ phone }}, which stands without spaces.")
