"""Looks through every message in every language for what must not go out, before anybody is asked to approve it.

It checks that placeholders and numbers survive translation, that the longest values still fit, that right-to-left texts begin so,
and that a message to a family holds no fine, code, surname, promotion or answer word that a provider would take for an opt-out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Final

from notifier.domain.sms import measure, offending
from notifier.wording.catalogues import PLACEHOLDER, Sentence, sentences
from notifier.wording.languages import ENGLISH, direction, first_strong
from notifier.wording.problems import Problem
from notifier.wording.rendering import Wording
from notifier.wording.syntax import check_source
from notifier.wording.templates import MessageTemplate, TemplateFault
from notifier.wording.values import MissingValue

COMPLETE: Final = frozenset({"pl", "ur", "cy"})
"""Languages in which every message must have a translation; others may be under way."""

GSM_LANGUAGES: Final = frozenset({ENGLISH, "cy"})
"""Languages whose texts promise to stay in the GSM alphabet. Welsh does so by choice of words, never by dropping accents."""

SUBJECT_MAY_NAME: Final = frozenset({"school", "date", "session"})
"""What a subject line may hold: it shows on locked screens and in shared inboxes."""

# Twilio takes each of these, sent alone, for an opt-out, an opt-in or a call for help.
_KEYWORDS: Final = "STOP|UNSUBSCRIBE|END|QUIT|STOPALL|REVOKE|OPTOUT|CANCEL|START|YES|UNSTOP|HELP|INFO"

_FORBIDDEN: Final[tuple[tuple[str, str, str], ...]] = (
    (
        rf"\b(?:{_KEYWORDS})\b|(?i:\b(?:reply|answer|text|send|write)\s+(?:with\s+)?['\"]?(?:{_KEYWORDS})\b)",
        "It asks for a word that the provider takes for an opt-out or opt-in.",
        "Ask for the reason in the carer's own words.",
    ),
    (
        r"(?i)\b(?:fined?|fines|penalty|penalties|prosecut\w*|court|fixed[- ]penalty|grzywn\w*|mandat\w*|dirwy\w*)\b|جرمان",
        "It speaks of fines or courts.",
        "A same-day message never does; take it out.",
    ),
    (
        r"(?i)\b(?:code [A-Z]\b|(?:un)?authori[sz]\w*|truan\w*|persistent(?:ly)? absen\w*|nieusprawiedliwion\w*)",
        "It speaks of attendance codes or of authorising.",
        "Say only that the school does not know why.",
    ),
    (
        r"(?i)\b(?:discount|special offer|donat\w*|fundrais\w*|raffle|ticket|for sale|subscribe)\b",
        "It advertises something.",
        "Promotion turns a safety message into marketing; take it out.",
    ),
)

_GENDERED: Final[Mapping[str, str]] = {
    "pl": r"(?i)\b(?:był|była|obecny|obecna|nieobecny|nieobecna|pan|pani|syn|córka)\b",
    "ur": r"\b(?:تھا|تھی|غائبہ|بیٹا|بیٹی)\b",
    "cy": r"(?i)\b(?:mab|merch|hi|fe)\b",
    ENGLISH: r"(?i)\b(?:he|she|his|her|him|son|daughter)\b",
}

CONTEXTS: Final = {"sms.txt": ("sms",), "email.txt": ("email", "email.subject"), "email.html": ("email",)}
"""The contexts sentences carry, by file: translators see where a sentence will stand."""

_SENTENCE = re.compile(r"\{% trans .*?\{% endtrans %\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_OVERRIDES = re.compile("[\u202a-\u202e]")
_MARKUP = re.compile(r"<[^>]*>|&\w+;")
_SURNAME = re.compile(r"\b(?:family_name|surname|last_name|full_name)\b")


def check(wording: Wording) -> list[Problem]:
    """Every problem found, by template, then language. An empty list means that the wording may be put before a reviewer."""
    texts = sentences(wording.templates())
    found: list[Problem] = []
    for template in wording.templates():
        own = [sentence for sentence in texts if sentence.template == template.key]
        found += _check_sources(template)
        found += _check_english(template, own)
        found += _check_untranslatable(template)
        found += _check_rendered(wording, template, ENGLISH)
        if template.english_only:
            continue
        for language in wording.languages()[1:]:
            translated = wording.translations(template.key, language)
            if not translated and language not in COMPLETE:
                continue
            found += _check_translations(template, language, own, translated)
            if len(translated) == len(own):
                found += _check_rendered(wording, template, language)
    return list(dict.fromkeys(found))


def _check_sources(template: MessageTemplate) -> Iterator[Problem]:
    for name, source in template.sources.items():
        yield from check_source(
            source, template=template.key, where=name, family=template.family, html=name.endswith(".html")
        )
        if _SURNAME.search(source):
            yield Problem(template.key, ENGLISH, name, "It uses a surname.", "Use the given name only: {{ pupils }}.")
    subject = template.sources.get("email.txt", "").partition("\n")[0]
    named = set(re.findall(r"\{\{ (\w+)", subject)) - SUBJECT_MAY_NAME
    if named:
        remedy = f"A subject may hold only {', '.join(sorted(SUBJECT_MAY_NAME))}."
        yield Problem(template.key, ENGLISH, "email.subject", f"The subject holds {', '.join(sorted(named))}.", remedy)


def _check_english(template: MessageTemplate, own: Iterable[Sentence]) -> Iterator[Problem]:
    for sentence in own:
        yield from _check_words(template, ENGLISH, sentence.context, sentence.english)


def _check_untranslatable(template: MessageTemplate) -> Iterator[Problem]:
    """Words for families outside a translatable sentence would go out in English whatever was approved."""
    if template.english_only:
        return
    for name, source in template.sources.items():
        loose = _TAG.sub("", _SENTENCE.sub("", source.removeprefix("Subject:")))
        if words := re.findall(r"\w+", _MARKUP.sub("", loose)):
            what = f"These words are not part of a translatable sentence: {' '.join(words)}"
            remedy = f'Put them into {{% trans "email|{template.key}" %}}…{{% endtrans %}}.'
            yield Problem(template.key, ENGLISH, name, what, remedy)
        for context in re.findall(r'\{% trans "([^"]*)"', source):
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
            yield Problem(
                template.key, language, where, what, "Translate it, or take the fuzzy mark off a suggestion that fits."
            )
            continue
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(english)):
            needed = " ".join(match.group() for match in PLACEHOLDER.finditer(english)) or "none"
            yield Problem(
                template.key, language, where, f"The placeholders differ: {text}", f"Needed, once each: {needed}."
            )
        if re.findall(r"\d+", text) != re.findall(r"\d+", english):
            yield Problem(
                template.key, language, where, f"The numbers differ: {text}", "Use the numbers of the English text."
            )
        plain = PLACEHOLDER.sub("Xyz", text)
        if direction(language) == "rtl" and first_strong(plain) != "rtl":
            what = f"It begins with a left-to-right word, so phones would set it the wrong way round: {text}"
            yield Problem(
                template.key, language, where, what, "Begin with a word of the language, before any placeholder."
            )
        yield from _check_words(template, language, where, text)


def _check_words(template: MessageTemplate, language: str, where: str, text: str) -> Iterator[Problem]:
    def problem(what: str, remedy: str) -> Problem:
        return Problem(template.key, language, where, f"{what} ({text})", remedy)

    words = PLACEHOLDER.sub("", text)
    if "%" in words:
        yield problem(
            "It holds a percent sign or a broken placeholder.", "Write the share in words; placeholders are %(name)s."
        )
    if not unicodedata.is_normalized("NFC", text):
        yield problem("Its accents are not composed (NFC).", "Save it again with composed letters.")
    if _OVERRIDES.search(text):
        yield problem("It holds a character that overrides the direction of writing.", "Take it out.")
    if _MARKUP.search(words):
        yield problem("It holds HTML.", "Sentences are plain text; markup belongs into the e-mail's layout.")
    for pattern, what, remedy in _FORBIDDEN:
        if re.search(pattern, words):
            yield problem(what, remedy)
    gendered = _GENDERED.get(language)
    if gendered and re.search(gendered, words):
        yield problem("It supposes the sex of the child or the carer.", "Use words that fit everybody.")


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
            if channel != "sms":
                continue
            limit = template.most_segments(language)
            if message.segments > limit:
                size = measure(message.body)
                what = f"It takes {size.segments} parts ({size.units} units, {size.encoding}); at most {limit} are allowed."
                yield Problem(template.key, language, where, what, "Use fewer words.")
            if language in GSM_LANGUAGES and message.encoding != "GSM-7":
                letters = " ".join(offending(message.body))
                what = f"It holds letters outside the GSM alphabet: {letters}"
                yield Problem(template.key, language, where, what, "Choose words without these letters.")
