"""Which heading of a file is which column of ours, and which word means what: presets, read from config/presets/*.toml.

A preset is data and our own reading of a MIS's headings. The best match is found by itself; staff can name one instead.
Headings are compared without regard to capitals, spaces and punctuation.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from notifier.domain.people import PupilFlag
from notifier.domain.sessions import Session
from notifier.paths import data_folder
from notifier.registers.columns import COLUMNS, Purpose, names, needed
from notifier.registers.refusals import REPORT_COLUMNS, FileError, Warning_

STANDARD: Final = "standard"
_ALL_COUNT: Final = frozenset({"no_contact"})
"""Columns of which every one counts that the file has, also under one heading twice: one court order overlooked is one too many."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layout(_Strict):
    """The headings of one kind of file: our column = the headings that mean it, best first.

    `joined` builds a column from several headings (a name from title, forename and surname); `wide` names the columns that
    hold the AM and the PM mark where a file has one row per pupil and day.
    """

    columns: Mapping[str, tuple[str, ...]]
    joined: Mapping[str, tuple[tuple[str, ...], ...]] = Field(default_factory=dict)
    wide: Mapping[Session, tuple[str, ...]] = Field(default_factory=dict)


class _Unspoken(_Strict):
    words: tuple[str, ...] = ()


class _Words(_Strict):
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    sessions: Mapping[Session, tuple[str, ...]] = Field(default_factory=dict)
    flags: Mapping[PupilFlag, tuple[str, ...]] = Field(default_factory=dict)
    channels: Mapping[Literal["sms", "email", "voice"], tuple[str, ...]] = Field(default_factory=dict)
    relationships: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    languages: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    ask: Mapping[str, str] = Field(default_factory=dict)
    unspoken: _Unspoken = Field(default_factory=_Unspoken)


class _PresetFile(_Strict):
    key: str
    title: str
    note: str
    reviewed: date
    people: Layout
    marks: Layout
    words: _Words = Field(default_factory=_Words)


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    """A heading or word for comparing: letters and digits only, without capitals. ✓ and the like stay as they are."""
    return "".join(character for character in text.casefold() if character.isalnum()) or text.strip()


@dataclass(frozen=True, slots=True)
class Words:
    """What words in cells mean; every key is `folded`. `ask` holds the words for staff where a language is not settled."""

    yes_no: Mapping[str, bool]
    sessions: Mapping[str, Session]
    flags: Mapping[str, PupilFlag]
    channels: Mapping[str, str]
    relationships: Mapping[str, str]
    languages: Mapping[str, str]
    ask: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset: its key, a title for people, what it is worth (`note`), headings and words."""

    key: str
    title: str
    note: str
    layouts: Mapping[Purpose, Layout]
    words: Words


@dataclass(frozen=True, slots=True)
class Match:
    """A header understood. `places` and `joined` give positions in a row; `wide` those of the AM and PM marks."""

    preset: Preset
    header: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]
    joined: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    wide: Mapping[Session, int] = field(default_factory=dict)
    warnings: tuple[Warning_, ...] = ()

    def heading(self, column: str) -> str:
        """The file's own heading for a column of ours, for messages; our name where the file has none."""
        places = self.places.get(column) or self.joined.get(column)
        return self.header[places[0]] if places else column


def load_presets(folder: Path | None = None) -> dict[str, Preset]:
    """All presets of a folder (default: the shipped ones), the standard one first. Raises FileError for a faulty file.

    The words of the standard preset serve the others too; a preset's own words come before them.
    """
    folder = folder or data_folder("config") / "presets"
    paths = tuple(sorted(folder.glob("*.toml")))
    return dict(_presets(folder, paths, tuple(path.stat().st_mtime_ns for path in paths)))


@lru_cache(maxsize=8)
def _presets(folder: Path, paths: tuple[Path, ...], _changed_at: tuple[int, ...]) -> dict[str, Preset]:
    files = {path.stem: _read(path) for path in paths}
    if STANDARD not in files:
        raise FileError("preset_faulty", f"The preset file {STANDARD}.toml is missing from {folder}.")
    common = files[STANDARD].words
    ordered = [files.pop(STANDARD), *files.values()]
    return {
        entry.key: Preset(
            entry.key,
            entry.title,
            entry.note,
            {"people": entry.people, "marks": entry.marks},
            _words(common, entry.words),
        )
        for entry in ordered
    }


def _read(path: Path) -> _PresetFile:
    try:
        entry = _PresetFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError("preset_faulty", f"The preset {path.name} is not readable TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise FileError("preset_faulty", f"The preset {path.name} has a fault at '{key}': {first['msg']}.") from error
    for purpose in COLUMNS:
        layout = entry.people if purpose == "people" else entry.marks
        for column in (*layout.columns, *layout.joined):
            if column not in names(purpose):
                words = f"The preset {path.name} names a column '{column}' under {purpose} that does not exist"
                near = get_close_matches(column, names(purpose), 1)
                raise FileError("preset_faulty", words + (f"; did you mean '{near[0]}'?" if near else "."))
    if entry.key != path.stem:
        raise FileError("preset_faulty", f"The preset {path.name} has the key '{entry.key}'; it must be '{path.stem}'.")
    return entry


def _words(common: _Words, own: _Words) -> Words:
    def inverted(pairs: list[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
        # own words are listed last, so that they win
        return {folded(word): meaning for meaning, words in pairs for word in (meaning, *words)}

    both = (common, own)
    languages = inverted([pair for words in both for pair in words.languages.items()])
    languages |= {folded(word): "en" for words in both for word in words.unspoken.words}
    return Words(
        yes_no={folded(word): True for words in both for word in words.yes}
        | {folded(word): False for words in both for word in words.no},
        sessions={folded(w): s for words in both for s, listed in words.sessions.items() for w in listed},
        flags={folded(w): f for words in both for f, listed in words.flags.items() for w in listed},
        channels=inverted([pair for words in both for pair in words.channels.items()]),
        relationships=inverted([pair for words in both for pair in words.relationships.items()]),
        languages=languages,
        ask={folded(word): advice for words in both for word, advice in words.ask.items()},
    )


def known_headings(presets: Mapping[str, Preset], purpose: Purpose | None = None) -> frozenset[str]:
    """Every heading (folded) that any preset knows, for telling headers from other rows."""
    found = set()
    for preset in presets.values():
        for kind, layout in preset.layouts.items():
            if purpose in (None, kind):
                groups = [*layout.columns.values(), *layout.wide.values()]
                groups += [group for options in layout.joined.values() for group in options]
                found |= {folded(heading) for group in groups for heading in group} | set(map(folded, names(kind)))
    return frozenset(found)


def score_header(known: frozenset[str], cells: Sequence[str]) -> int:
    """How many different known headings a row holds."""
    return len({folded(cell) for cell in cells if cell} & known)


def match_header(
    presets: Mapping[str, Preset],
    purpose: Purpose,
    header: tuple[str, ...],
    *,
    filename: str,
    preset: str | None = None,
) -> Match:
    """Understand a header by the named preset, or by the one that fits best.

    Raises FileError where the named preset does not exist, or a needed column is missing under every preset.
    """
    if preset is not None and preset not in presets:
        raise FileError("unknown_preset", f"There is no preset '{preset}'. Known presets: {', '.join(presets)}.")
    tried = [presets[preset]] if preset is not None else list(presets.values())
    matches = [_match(candidate, purpose, header) for candidate in tried]
    best = max(matches, key=lambda match: (not _missing(match, purpose), _matched(match)))  # the first of equals
    missing = _missing(best, purpose)
    if missing:
        raise FileError("missing_columns", _missing_words(best, purpose, missing, filename))
    return best


def _match(preset: Preset, purpose: Purpose, header: tuple[str, ...]) -> Match:
    layout = preset.layouts[purpose]
    where: dict[str, int] = {}
    everywhere: dict[str, list[int]] = {}
    for place, heading in enumerate(header):
        where.setdefault(folded(heading), place)
        everywhere.setdefault(folded(heading), []).append(place)
    places: dict[str, tuple[int, ...]] = {}
    known = {folded(name) for name in REPORT_COLUMNS}
    for column in names(purpose):
        aliases = [folded(heading) for heading in layout.columns.get(column, ())] + [folded(column)]
        known.update(aliases)
        found = tuple(dict.fromkeys(where[alias] for alias in aliases if alias in where))
        if found and column in _ALL_COUNT:
            found = tuple(dict.fromkeys(place for alias in aliases for place in everywhere.get(alias, ())))
        if found:
            places[column] = found
    joined: dict[str, tuple[int, ...]] = {}
    for column, options in layout.joined.items():
        for option in options:
            parts = [folded(heading) for heading in option]
            if column not in places and column not in joined and all(part in where for part in parts):
                joined[column] = tuple(where[part] for part in parts)
                known.update(parts)
    wide = {
        session: where[folded(heading)]
        for session, headings in layout.wide.items()
        for heading in reversed(headings)
        if folded(heading) in where
    }
    known.update(folded(heading) for headings in layout.wide.values() for heading in headings)
    if "session" in places or "code" in places:
        wide = {}
    every = {folded(header[place]) for column in _ALL_COUNT for place in places.get(column, ())}
    return Match(preset, header, places, joined, wide, _remarks(header, known, every))


def _remarks(header: tuple[str, ...], known: set[str], every: set[str]) -> tuple[Warning_, ...]:
    found = []
    ignored = [heading for heading in header if heading and folded(heading) not in known]
    if ignored:
        words = f"Not used, because no preset knows them here: {', '.join(ignored)}."
        found.append(Warning_(None, None, ", ".join(ignored), "ignored_columns", words))
    counts = Counter(folded(heading) for heading in header if heading)
    for heading in dict.fromkeys(
        heading for heading in header if counts[folded(heading)] > 1 and folded(heading) in known
    ):
        if heading == next(other for other in header if folded(other) == folded(heading)):
            read = "all of them count" if folded(heading) in every else "only the first was read"
            words = f"More than one column is called '{heading}'; {read}. Rename the others."
            found.append(Warning_(None, heading, heading, "repeated_column", words))
    return tuple(found)


def _matched(match: Match) -> int:
    return len(match.places) + len(match.joined) + len(match.wide)


def _missing(match: Match, purpose: Purpose) -> list[str]:
    present = set(match.places) | set(match.joined)
    missing = [column for column in needed(purpose) if column not in present]
    if purpose == "people" and not present & {"mobile", "email"}:
        missing.append("mobile or email")
    if purpose == "marks" and not match.wide:
        missing += [column for column in ("session", "code") if column not in present]
    return missing


def _missing_words(match: Match, purpose: Purpose, missing: list[str], filename: str) -> str:
    layout = match.preset.layouts[purpose]
    used = {place for places in (*match.places.values(), *match.joined.values()) for place in places}
    free = {folded(heading): heading for place, heading in enumerate(match.header) if heading and place not in used}
    hints = []
    for column in missing:
        aliases = [alias for part in column.split(" or ") for alias in (part, *layout.columns.get(part, ()))]
        near = [hit for alias in aliases for hit in get_close_matches(folded(alias), free, 1, 0.7)]
        if near:
            hints.append(f"is '{free[near[0]]}' the {column}?")
    found = ", ".join(heading for heading in match.header if heading) or "nothing"
    advice = " ".join(hints)
    return (
        f"{filename}: no column for {', '.join(missing)}. The header has: {found}. "
        + (advice[:1].upper() + advice[1:] + " " if advice else "")
        + f"Rename the columns, or add the headings to a preset (closest: {match.preset.key})."
    )
