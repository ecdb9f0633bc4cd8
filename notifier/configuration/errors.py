"""How a wrong file or setting is told: file, key, what is wrong, and what to write instead.

All problems of a file are collected before anything is raised, so that a school corrects it once. `problems_in` turns
pydantic's findings into sentences for people; `read_toml` does the same for a file that is not TOML at all.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong. `key` is dotted, entries of lists count from #1, and is empty where the whole file is meant."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.message) if part)


class ConfigurationError(Exception):
    """A configuration cannot be used. `problems` is never empty; as text it is one problem a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class Expected:
    """Marks a field, through Annotated, with what is to be written there: a noun phrase, used in messages."""

    words: str


class Hidden:
    """Marks a field, through Annotated, whose value is never shown in a message because it may hold a password."""


_WANTED = {
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "string_type": "write a text in quotation marks",
}
# For findings whose own words speak to programmers.


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the closest known one, or else all of them."""
    names = sorted(set(known))
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{folded[close[0]]}"?'
    return f"; known are: {', '.join(names)}" if names else ""


def shown_path(path: Path) -> str:
    """A path as people know it: relative to where they stand when it lies below."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def read_toml(file: Path | str, *, source: str) -> dict[str, Any]:
    """Read TOML from a path, or from the text itself. UTF-8, with or without a byte order mark.

    Raises ConfigurationError, naming `source` and the line, where it cannot be read.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig") if isinstance(file, Path) else file.removeprefix("\ufeff")
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError([Problem(source, "", f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte {error.start + 1}); save it as UTF-8 and try again"
        raise ConfigurationError([Problem(source, "", message)]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([Problem(source, "", f"is not valid TOML: {error}")]) from error


def key_of(loc: Iterable[int | str]) -> str:
    """A place in a file as text: ("step", 1, "after") is "step #2.after"."""
    key = ""
    for part in loc:
        if isinstance(part, int):
            key += f" #{part + 1}"
        else:
            key += f".{part}" if key else part
    return key


def problems_in(error: ValidationError, model: type[BaseModel], file: str) -> list[Problem]:
    """Pydantic's findings as problems, in the order of the file, with what to write instead."""
    problems = []
    for found in error.errors(include_url=False):
        problems.append(Problem(file, key_of(found["loc"]), _message(dict(found), model)))
    return problems


def _message(found: dict[str, Any], model: type[BaseModel]) -> str:
    loc, kind = found["loc"], found["type"]
    field = _field_at(model, loc)
    expected = next((mark.words for mark in _marks(field) if isinstance(mark, Expected)), "")
    if kind == "missing":
        return f"is missing; write {expected}" if expected else "is missing"
    if kind == "extra_forbidden":
        table = _model_at(model, loc[:-1])
        return f"is not known here{suggestion(str(loc[-1]), _fields_of(table) if table else ())}"
    if kind == "value_error":
        return str(found["ctx"]["error"])
    value = "the value given" if field is not None and _is_hidden(field) else _shown(found["input"])
    if expected:
        return f"{value} is not {expected}"
    wanted = _WANTED.get(kind) or found["msg"].replace("Input should", "it should")
    return f"{value} will not do; {wanted}"


def _shown(value: object) -> str:
    if isinstance(value, BaseModel | dict):
        return "a table"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _marks(field: FieldInfo | None) -> list[Any]:
    if field is None:
        return []
    optional = [mark for part in get_args(field.annotation) for mark in getattr(part, "__metadata__", ())]
    return [*field.metadata, *optional]


def _is_hidden(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation)) or Hidden in _marks(field)


def _field_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> FieldInfo | None:
    if not loc or not isinstance(loc[-1], str):
        return None
    table = _model_at(model, loc[:-1])
    return _fields_of(table).get(loc[-1]) if table else None


def _fields_of(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the names a file uses: `class` cannot be the name of an attribute."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in loc:
        if current is None or isinstance(part, int):
            continue  # an entry of a list has the list's own model
        field = _fields_of(current).get(part)
        current = _model_within(field.annotation) if field else None
    return current


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, list, tuple, dict):
        for inner in get_args(annotation):
            found = _model_within(inner)
            if found is not None:
                return found
    return None
