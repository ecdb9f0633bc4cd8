"""Translations: one gettext catalogue per language, kept in step with the templates, each entry with its state of review.

The English text is the identity of an entry, its context "<channel>|<template>". Two comments carry the review: `status:` (only
"approved" lets an entry out by itself) and `english:`, the hash of the English that was translated, so that a changed sentence is noticed.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po
from jinja2.ext import babel_extract

from notifier.wording.templates import MessageTemplate

DRAFT: Final = "needs native review"
APPROVED: Final = "approved"

CATALOGUE: Final = Path("LC_MESSAGES") / "messages.po"
POT: Final = "messages.pot"

PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")
"""A value's place in a sentence, as gettext tools know it."""

_OPTIONS: Final = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
_KEYWORDS: Final = {"pgettext": ((1, "c"), 2)}
_CLOSE_ENOUGH: Final = 0.6  # below this share of equal text, an old translation does not help the translator


class CatalogueFault(Exception):
    """A catalogue cannot be read; the words name the file and the line."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One English text to translate, with where it stands and what a translator should know."""

    context: str
    english: str
    places: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]

    @property
    def template(self) -> str:
        """The key of the template it belongs to."""
        return self.context.partition("|")[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """One translation and its review, as a catalogue has it."""

    context: str
    english: str
    translation: str
    status: str
    english_hash: str
    fuzzy: bool = False

    @property
    def current(self) -> bool:
        """Whether it translates the English that is there now."""
        return (
            bool(self.translation) and not self.fuzzy and self.english_hash == english_hash(self.context, self.english)
        )

    @property
    def sound(self) -> bool:
        """Whether it holds exactly the placeholders of the English, so that it can be written at all."""
        english, translated = (sorted(PLACEHOLDER.findall(text)) for text in (self.english, self.translation))
        return english == translated and "%" not in PLACEHOLDER.sub("", self.translation).replace("%%", "")

    @property
    def approved(self) -> bool:
        """Whether a reviewer let it out, and nothing changed since."""
        return self.current and self.status == APPROVED


@dataclass(frozen=True, slots=True)
class LanguageCatalogue:
    """All entries of one language, by context and English text."""

    language: str
    entries: Mapping[tuple[str, str], Entry] = field(default_factory=dict)


def english_hash(context: str, english: str) -> str:
    """What a catalogue remembers of the English text that was translated: twelve hexadecimal digits."""
    return hashlib.sha256(f"{context}\x04{english}".encode()).hexdigest()[:12]


def sentences(templates: Iterable[MessageTemplate]) -> tuple[Sentence, ...]:
    """Every text to translate, in the order of templates and files; a text that stands in two files is one sentence."""
    found: dict[tuple[str, str], Sentence] = {}
    for template in templates:
        if template.english_only:
            continue
        notes = _notes(template)
        for name, source in template.sources.items():
            if name in template.composed:
                continue
            place = f"templates/messages/{template.key}/{name}"
            texts = babel_extract(io.BytesIO(source.encode()), list(_KEYWORDS), (), _OPTIONS)
            for line, _, strings, _ in texts:
                if not isinstance(strings, tuple):
                    continue  # a sentence without a context is refused by syntax.check_source
                context, english = str(strings[0]), str(strings[1])
                places: tuple[tuple[str, int], ...] = ((place, line),)
                if (known := found.get((context, english))) is not None:
                    places = known.places + places
                found[context, english] = Sentence(context, english, places, notes)
    return tuple(found.values())


def _notes(template: MessageTemplate) -> tuple[str, ...]:
    names = [given.name for given in template.placeholders]
    told = f"purpose: {template.purpose}"
    kept = f"placeholders, to be kept as they are and never inflected: {', '.join(names)}"
    return (told, kept)


def template_catalogue(templates: Iterable[MessageTemplate], *, created: datetime) -> Catalog:
    """The catalogue translators start from (messages.pot). `created` goes into its header."""
    catalogue = Catalog(
        project="Notifier",
        version="1",
        creation_date=created,
        revision_date=created,
        msgid_bugs_address="see CONTRIBUTING.md",
        last_translator="none yet",
        language_team="none yet",
        fuzzy=False,
        header_comment=_HEADER,
    )
    for sentence in sentences(templates):
        catalogue.add(
            sentence.english,
            context=sentence.context,
            locations=sentence.places,
            auto_comments=sentence.notes,
        )
    return catalogue


_HEADER: Final = """\
# Messages to families, for translation. Whole sentences; placeholders such as %(pupils)s stay as they are.
# How a translation is reviewed: docs/how-to/review-a-translation.md
#"""


def read_catalogue(path: Path, language: str) -> LanguageCatalogue:
    """Read one language's entries. Raises CatalogueFault."""
    return LanguageCatalogue(
        language, {(entry.context, entry.english): entry for entry in map(_entry, _messages(path))}
    )


def read_catalogues(folder: Path) -> dict[str, LanguageCatalogue]:
    """Read every catalogue below a folder such as `locale`, by language tag. Raises CatalogueFault."""
    paths = {path.parents[1].name.replace("_", "-"): path for path in sorted(folder.glob(f"*/{CATALOGUE}"))}
    return {language: read_catalogue(path, language) for language, path in paths.items()}


# Babel forgives a lost quotation mark by dropping a letter or a sentence; a text for families may not be forgiven that.
_LINE: Final = re.compile(r'(?:#.*|(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)? ?".*")?\s*')


def _messages(path: Path) -> list[Message]:
    try:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if not _LINE.fullmatch(line):
                raise CatalogueFault(f"{path}: line {number}: expected a text between quotation marks, found {line!r}")
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except PoFileError as fault:
        raise CatalogueFault(f"{path}: line {fault.lineno + 1}: {fault}") from None
    except UnicodeDecodeError:
        raise CatalogueFault(f"{path}: not UTF-8; save it as UTF-8") from None
    return [message for message in catalogue if message.id]


def _entry(message: Message) -> Entry:
    return Entry(
        context=str(message.context or ""),
        english=str(message.id),
        translation=str(message.string or ""),
        status=_told(message, "status") or DRAFT,
        english_hash=_told(message, "english"),
        fuzzy=message.fuzzy,
    )


def _told(message: Message, name: str) -> str:
    """What a catalogue's comment says, as in "#. status: approved"."""
    for comment in message.auto_comments:
        key, colon, value = str(comment).partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return ""


def updated_catalogue(template: Catalog, old: Iterable[Message], language: str, *, created: datetime) -> Catalog:
    """A language's catalogue brought into step with the templates.

    Entries whose English is unchanged keep their translation and review. For a changed sentence the closest old translation of
    the same context is offered as fuzzy, a draft that is never sent. Translations of sentences that are gone are dropped.
    """
    known = {(message.context, message.id): message for message in old}
    wanted = {(message.context, message.id) for message in template if message.id}
    spare = [message for key, message in known.items() if key not in wanted and message.string]
    catalogue = Catalog(
        locale=language.replace("-", "_"),
        project="Notifier",
        version="1",
        creation_date=created,
        revision_date=created,
        msgid_bugs_address="see CONTRIBUTING.md",
        last_translator="see the review comments",
        language_team=language,
        fuzzy=False,
        header_comment=_HEADER,
    )
    for message in template:
        if not message.id:
            continue
        same = known.get((message.context, message.id))
        kept = same or _closest(message, spare)
        review = [f"{name}: {_told(same, name)}" for name in ("reviewer", "reviewed") if same and _told(same, name)]
        status = _told(same, "status") if same else ""
        hashed = (_told(kept, "english") if kept else "") or english_hash(str(message.context), str(message.id))
        catalogue.add(
            message.id,
            kept.string if kept else "",
            context=message.context,
            locations=message.locations,
            flags=(same.flags if same else {"fuzzy"} if kept else set()) - {"python-format"},
            auto_comments=[*message.auto_comments, f"status: {status or DRAFT}", f"english: {hashed}", *review],
            user_comments=kept.user_comments if kept else (),
        )
    return catalogue


def _closest(message: Message, spare: list[Message]) -> Message | None:
    same_context = {str(other.id): other for other in spare if other.context == message.context}
    close = difflib.get_close_matches(str(message.id), same_context, n=1, cutoff=_CLOSE_ENOUGH)
    return same_context[close[0]] if close else None


def approval_hash(triples: Iterable[tuple[str, str, str]]) -> str:
    """The hash a reviewer's approval is tied to: over context, English and translation of every entry of a template."""
    content = "\x03".join("\x04".join(triple) for triple in sorted(triples))
    return hashlib.sha256(content.encode()).hexdigest()


def write_catalogues(
    templates: Iterable[MessageTemplate], folder: Path, *, created: datetime, languages: Iterable[str] = ()
) -> list[Path]:
    """Extract messages.pot and bring every catalogue below `folder` into step; `languages` are begun where they are new.

    Files whose entries would not change are left alone, date and all. Returns the files written.
    """
    pot = template_catalogue(templates, created=created)
    written = [folder / POT] if _write(pot, folder / POT) else []
    found = {path.parents[1].name.replace("_", "-") for path in folder.glob(f"*/{CATALOGUE}")}
    for language in sorted(found | set(languages)):
        path = folder / language.replace("-", "_") / CATALOGUE
        old = _messages(path) if path.is_file() else []
        if _write(updated_catalogue(pot, old, language, created=created), path):
            written.append(path)
    return written


def _write(catalogue: Catalog, path: Path) -> bool:
    text = rendered(catalogue)
    if path.is_file() and _body(path.read_text("utf-8")) == _body(text):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return True


def _body(text: str) -> str:
    """A catalogue file without its header, whose dates change with every extraction."""
    return text.partition("\n\n")[2]


def rendered(catalogue: Catalog) -> str:
    """A catalogue as the text of its file."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=110, sort_output=False)
    return buffer.getvalue().decode("utf-8").rstrip("\n") + "\n"
