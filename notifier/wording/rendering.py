"""Writes a message: chooses the language that may be used, fills in the values, cleans the result and counts it.

`Wording` reads templates and catalogues once and is then only read, so that threads may share it. A translation goes out when its
catalogue says approved and its English is unchanged, or when the caller brings an approval of exactly these words; otherwise English does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from jinja2 import BaseLoader, StrictUndefined, Template, TemplateError, TemplateNotFound
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from notifier.domain.sms import FOLDABLE, measure, normalise
from notifier.domain.sms import fold as without_accents
from notifier.paths import data_folder
from notifier.wording.catalogues import LanguageCatalogue, approval_hash, read_catalogues, sentences
from notifier.wording.languages import ENGLISH, direction, is_english, negotiated
from notifier.wording.pseudo import PSEUDO, pseudo_catalogues
from notifier.wording.templates import (
    CHANNEL_FILES,
    LAYOUT,
    MessageTemplate,
    TemplateFault,
    UnknownTemplate,
    read_templates,
)
from notifier.wording.values import Speaker, escaped, heading

NOT_APPROVED: Final = "not_approved"
NO_TRANSLATION: Final = "no_translation"
NOT_OFFERED: Final = "not_offered"
FOR_LOOKING: Final = "for_looking"

EMAIL_ENCODING: Final = "UTF-8"

_SUBJECT: Final = "Subject: "
_EMPTY_LINES = re.compile(r"\n\s*\n\s*\n*")


class UnknownChannel(Exception):
    """A message is not written for this channel; the words say for which it is."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it goes out.

    `language` is the one it is in, `wanted_language` the one asked for; `fallback` says why they differ: "not_approved" (nobody has let
    these words out), "no_translation" (none, or not of the English as it is now), "not_offered" (staff messages are in English),
    "for_looking" (a draft in a made-up language) or None. `version` changes with the wording in this language. `subject` and `html` belong to e-mail, whose `encoding` is "UTF-8" and
    `segments` 0.
    """

    template: str
    version: str
    channel: str
    language: str
    wanted_language: str
    fallback: str | None
    subject: str | None
    body: str
    html: str | None
    encoding: str
    segments: int


@dataclass(frozen=True, slots=True)
class _Written:
    """A template made ready for one channel and language."""

    text: Template
    html: Template | None
    speak: Speaker
    speak_html: Speaker | None
    translate: Callable[..., str]
    translate_html: Callable[..., str]
    version: str
    frame: Mapping[str, str]


class _LineEnds(Extension):
    """A line that holds only a choice or a loop leaves no trace; every other line keeps its end.

    Jinja's own trimming also eats the end of a line that merely finishes with a tag, and so would glue paragraphs together.
    """

    _ALONE = re.compile(r"\s*\{%-?\s*(?:if|elif|else|endif|for|endfor|block|endblock|extends)\b[^%]*%\}\s*")

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Mark the lines whose end is kept; line numbers stay as they are."""
        return "\n".join(
            f"{line.rstrip()[:-2]}+%}}" if line.rstrip().endswith(" %}") and not self._ALONE.fullmatch(line) else line
            for line in source.split("\n")
        )


class _Sources(BaseLoader):
    """Gives Jinja the texts that were read at the start, by "<key>/<file>"."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def get_source(self, environment: object, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The text of one file, which never changes while we run."""
        if template not in self._texts:
            raise TemplateNotFound(template)
        return self._texts[template], None, lambda: True


def environment(texts: Mapping[str, str], *, html: bool) -> ImmutableSandboxedEnvironment:
    """The sandbox that messages are written in: every value must be given, and only HTML is escaped."""
    made = ImmutableSandboxedEnvironment(
        loader=_Sources(texts),
        undefined=StrictUndefined,
        autoescape=html,
        extensions=["jinja2.ext.i18n", _LineEnds],
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
    )
    # not install_gettext_callables: each rendering brings its own language, so that a template is compiled once for all
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.policies["ext.i18n.trimmed"] = True
    made.globals.clear()
    return made


class Wording:
    """All messages and their translations, ready to be written. Make it with `Wording.load`."""

    def __init__(
        self, templates: Mapping[str, MessageTemplate], catalogues: Mapping[str, LanguageCatalogue], layout: str
    ) -> None:
        """Take what was read; see `load`."""
        self._templates = dict(templates)
        self._catalogues = dict(catalogues)
        self._layout = layout
        texts = {f"{made.key}/{name}": text for made in templates.values() for name, text in made.sources.items()}
        texts[LAYOUT] = layout
        self._text_environment = environment(texts, html=False)
        self._html_environment = environment(texts, html=True)
        self._sentences: dict[str, list[tuple[str, str]]] = {key: [] for key in templates}
        for sentence in sentences(templates.values()):
            if sentence.template not in templates:
                raise TemplateFault(
                    f'{sentence.places[0][0]}: the context {sentence.context!r} must be "<channel>|<template\'s key>"'
                )
            self._sentences[sentence.template].append((sentence.context, sentence.english))
        # one cache per Wording: a changed folder means a new Wording
        self._written = lru_cache(maxsize=4096)(self._write)
        self._chosen = lru_cache(maxsize=4096)(self._choose)

    @classmethod
    def load(cls, templates_dir: Path | None = None, locale_dir: Path | None = None) -> Wording:
        """Read templates and catalogues, the shipped ones unless told otherwise.

        `templates_dir` is the folder that holds the messages' folders. Raises TemplateFault, CatalogueFault or FileNotFoundError.
        """
        messages = templates_dir or data_folder("templates") / "messages"
        templates = read_templates(messages)
        catalogues = read_catalogues(locale_dir or data_folder("locale"))
        return cls(templates, catalogues, (messages / LAYOUT).read_text("utf-8"))

    def only(self, template: MessageTemplate) -> Wording:
        """One template, which need not be among these, with the translations there are: to look at before it is kept.

        Raises TemplateFault where its sentences belong to another message.
        """
        return Wording({template.key: template}, self._catalogues, self._layout)

    def with_pseudo(self) -> Wording:
        """The same with two made-up languages, for looking at: what is not translatable, too narrow or set the wrong way shows.

        They can be written with `draft`; `render` never gives them out.
        """
        made = pseudo_catalogues(sentences(self._templates.values()))
        return Wording(self._templates, {**self._catalogues, **made}, self._layout)

    @property
    def layout(self) -> str:
        """The frame that e-mails share, as HTML."""
        return self._layout

    def templates(self) -> tuple[MessageTemplate, ...]:
        """Every message, by key."""
        return tuple(self._templates.values())

    def template(self, key: str) -> MessageTemplate:
        """One message. Raises UnknownTemplate."""
        found = self._templates.get(key)
        if found is None:
            raise UnknownTemplate(f"There is no message '{key}'. There are: {', '.join(self._templates)}.")
        return found

    def languages(self) -> tuple[str, ...]:
        """The tags of the languages there is wording in, approved or not; English first."""
        return (ENGLISH, *self._catalogues)

    def approval_hash(self, key: str, language: str) -> str:
        """What an approval of a message in a language is tied to; it changes when the English or the translation does.

        Raises UnknownTemplate. A language without a catalogue gives the hash of no translation at all.
        """
        self.template(key)
        entries = self._entries(key, negotiated(language, tuple(self._catalogues)) or language)
        return approval_hash(
            (context, english, entries.get((context, english), "")) for context, english in self._sentences[key]
        )

    def translations(self, key: str, language: str) -> Mapping[tuple[str, str], str]:
        """A message's current translations by context and English text, approved or not; for reviewers and checks."""
        return self._entries(key, negotiated(language, tuple(self._catalogues)) or language)

    def has_own_words(self, key: str) -> bool:
        """Whether a message holds sentences of ours; one that only frames what a person wrote has nothing to translate."""
        self.template(key)
        return bool(self._sentences[key])

    def standing(self, key: str, language: str, approvals: frozenset[tuple[str, str]] = frozenset()) -> str | None:
        """Why a message would not go out in a language: "not_approved", "no_translation", "not_offered", or None if it would."""
        return self._chosen(key, language, approvals)[1]

    def render(
        self,
        key: str,
        *,
        channel: str,
        language: str,
        values: Mapping[str, object],
        approvals: frozenset[tuple[str, str]] = frozenset(),
        fold: bool = False,
    ) -> Rendered:
        """Write a message for one carer or member of staff.

        `values` are plain values by placeholder (see `template(key).placeholders`); more than needed do no harm. `approvals` are
        (language, approval hash) pairs that the school or its trust has recorded. `fold` writes a text's own words and dates, never
        its names, without accents, where the language allows it. Raises UnknownTemplate, UnknownChannel, MissingValue.
        """
        used, fallback = self._chosen(key, language, approvals)
        return self._fill(key, channel, used, language, fallback, values, fold)

    def draft(
        self, key: str, *, channel: str, language: str, values: Mapping[str, object], fold: bool = False
    ) -> Rendered:
        """Write a message in a language as if it were approved, for reviewers and checks; never for sending.

        Sentences without a translation stay English.
        """
        used = negotiated(language, tuple(self._catalogues)) or ENGLISH
        standing = FOR_LOOKING if used in PSEUDO else self._chosen(key, language, frozenset())[1]
        return self._fill(key, channel, used, language, standing, values, fold)

    def _fill(
        self,
        key: str,
        channel: str,
        used: str,
        wanted: str,
        fallback: str | None,
        values: Mapping[str, object],
        fold: bool,
    ) -> Rendered:
        written = self._written(key, channel, used, fold and channel == "sms" and used.partition("-")[0] in FOLDABLE)
        context = written.speak(values)
        context["pgettext"] = written.translate
        try:
            text = written.text.render(context)
            subject = html = None
            if channel == "page":
                return Rendered(
                    key, written.version, channel, used, wanted, fallback, None, text.strip(), None, EMAIL_ENCODING, 0
                )
            if written.html is None:
                body = normalise(text.strip())
                size = measure(body)
                return Rendered(
                    key,
                    written.version,
                    channel,
                    used,
                    wanted,
                    fallback,
                    None,
                    body,
                    None,
                    size.encoding,
                    size.segments,
                )
            subject, body = _split(text)
            html_context = written.speak_html(values) if written.speak_html else {}
            html_context.update(written.frame, subject=subject, pgettext=written.translate_html)
            html = written.html.render(html_context)
        except TemplateError as fault:
            raise TemplateFault(f"The message '{key}' ({channel}) cannot be written: {fault}") from None
        return Rendered(key, written.version, channel, used, wanted, fallback, subject, body, html, EMAIL_ENCODING, 0)

    def _choose(self, key: str, language: str, approvals: frozenset[tuple[str, str]]) -> tuple[str, str | None]:
        """The language a message goes out in, and why it is not the one wanted."""
        template = self.template(key)
        if is_english(language):
            return ENGLISH, None
        found = negotiated(language, tuple(self._catalogues))
        if template.english_only or language in PSEUDO or found in PSEUDO:
            return ENGLISH, NOT_OFFERED
        if found is None:
            return ENGLISH, NO_TRANSLATION
        entries = self._catalogues[found].entries
        wanted = [entries.get(pair) for pair in self._sentences[key]]
        if not wanted or not all(entry is not None and entry.current and entry.sound for entry in wanted):
            return ENGLISH, NO_TRANSLATION
        if all(entry is not None and entry.approved for entry in wanted):
            return found, None
        if (found, self.approval_hash(key, found)) in approvals:
            return found, None
        return ENGLISH, NOT_APPROVED

    def _entries(self, key: str, language: str) -> dict[tuple[str, str], str]:
        """A template's current translations in a language."""
        catalogue = self._catalogues.get(language)
        if catalogue is None:
            return {}
        found = ((pair, catalogue.entries.get(pair)) for pair in self._sentences[key])
        return {pair: entry.translation for pair, entry in found if entry is not None and entry.current}

    def _write(self, key: str, channel: str, language: str, folded: bool) -> _Written:
        """Make a message ready for one channel and language, in letters of the GSM alphabet where it is to be `folded`."""
        template = self.template(key)
        if channel not in template.channels:
            raise UnknownChannel(
                f"The message '{key}' is not written for {channel}, only for {', '.join(template.channels)}."
            )
        entries = self._catalogues[language].entries if language in self._catalogues else {}
        # a translation that lost a placeholder stays out even of a preview, so that nothing ever fails while sending
        translations = {pair: words for pair, words in self._entries(key, language).items() if entries[pair].sound}

        @cache
        def sentence(context: str, english: str) -> str:
            words = translations.get((context, english), english)
            return without_accents(words) if folded else words

        def translate(context: str, english: str, **values: object) -> str:
            return sentence(context, english) % values

        def translate_html(context: str, english: str, **values: object) -> Markup:
            return escaped(translations.get((context, english), english)) % values

        by_mail = channel == "email"
        try:
            text = self._text_environment.get_template(f"{key}/{CHANNEL_FILES[channel][0]}")
            html = self._html_environment.get_template(f"{key}/email.html") if by_mail else None
        except TemplateError as fault:
            raise TemplateFault(f"templates/messages/{key}: {fault}") from None
        rtl = direction(language) == "rtl"
        words = f"{template.digest}\0{language}\0{self.approval_hash(key, language) if translations else ''}{'folded' if folded else ''}"
        return _Written(
            text=text,
            html=html,
            speak=Speaker(template, channel=channel, language=language, folded=folded),
            speak_html=Speaker(template, channel=channel, language=language, html=True) if by_mail else None,
            translate=translate,
            translate_html=translate_html,
            version=hashlib.sha256(words.encode()).hexdigest()[:12],
            frame={
                "language": "en-GB" if language == ENGLISH else language,
                "direction": "rtl" if rtl else "ltr",
                "start": "right" if rtl else "left",
                # Urdu's letters stand on a slope and need the room
                "line_height": "2" if rtl else "1.5",
            },
        )


def _split(text: str) -> tuple[str, str]:
    """An e-mail's subject, from its first line, and its plain text with single empty lines between paragraphs."""
    first, _, rest = normalise(text).strip().partition("\n")
    if not first.startswith(_SUBJECT):
        raise TemplateFault(f'An e-mail\'s text must begin with a line "{_SUBJECT}…"; it begins with {first[:40]!r}.')
    return heading(first.removeprefix(_SUBJECT)), _EMPTY_LINES.sub("\n\n", rest.strip()) + "\n"
