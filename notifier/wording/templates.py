"""What a message is before anybody's name is in it: its folder in `templates/messages`, read into frozen values.

`message.toml` says what the message is for, who may get it and which values it needs; `sms.txt`, `email.txt` and `email.html` hold
the English wording. Placeholders that many messages share are described once, in `_shared/placeholders.toml`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

SHARED: Final = "_shared"
LAYOUT: Final = f"{SHARED}/email.html"
STAFF: Final = "staff"
FAMILIES: Final = ("first_day", "toolkit", "moments_matter", "illness", STAFF)
KINDS: Final = (
    "text",
    "school",
    "names",
    "date",
    "time",
    "phone",
    "session",
    "number",
    "pence",
    "link",
    "counts",
    "list",
)
SOURCES: Final = ("sms.txt", "email.txt", "email.html", "page.txt")
CHANNEL_FILES: Final = {"sms": ("sms.txt",), "email": ("email.txt", "email.html"), "page": ("page.txt",)}
TEXT_FIELDS: Final = ("purpose", "audience", "excluded", "source", "evidence")


class TemplateFault(Exception):
    """A template's folder is wrong; the words name the file, the key and what was expected."""


class UnknownTemplate(Exception):
    """No message has this key; the words list those that exist."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One value a message needs.

    `kind` is one of KINDS. `sample` is an ordinary value, `longest` the longest to be expected. `fields` describe the rows of a
    `list`. A placeholder that is not `required` may be left out or None.
    """

    name: str
    kind: str
    means: str
    sample: object
    longest: object
    required: bool = True
    fields: tuple[Placeholder, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """One message: what it is for, who may get it, what it needs, and its English wording.

    `sources` are the files by name. `segments` are the most parts a text may take, by language tag, with "other" for the rest.
    `reviewed` is the day somebody last read the wording against its source. `composed` names the sources that were made from
    another one (email.html from email.txt).
    """

    key: str
    family: str
    purpose: str
    audience: str
    excluded: str
    source: str
    evidence: str
    reviewed: date
    placeholders: tuple[Placeholder, ...]
    segments: Mapping[str, int]
    sources: Mapping[str, str]
    digest: str
    composed: frozenset[str] = frozenset()

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it is written for: "sms", "email", or "page" for a page that carers open."""
        return tuple(channel for channel, files in CHANNEL_FILES.items() if files[0] in self.sources)

    @property
    def english_only(self) -> bool:
        """Whether it is for staff, who are written to in English."""
        return self.family == STAFF

    @property
    def required(self) -> frozenset[str]:
        """The names of the values without which it cannot be written."""
        return frozenset(placeholder.name for placeholder in self.placeholders if placeholder.required)

    def most_segments(self, language: str) -> int:
        """The most parts its text may take in a language."""
        return self.segments.get(language, self.segments["other"])

    def samples(self, *, longest: bool = False) -> dict[str, object]:
        """Values to preview with: ordinary ones, or the longest to be expected."""
        return {
            placeholder.name: placeholder.longest if longest else placeholder.sample
            for placeholder in self.placeholders
        }


def read_templates(folder: Path) -> dict[str, MessageTemplate]:
    """Read every message below a folder, by key. Raises TemplateFault."""
    shared = _read_toml(folder / SHARED / "placeholders.toml")
    keys = sorted(path.parent.name for path in folder.glob("*/message.toml"))
    if not keys:
        raise TemplateFault(f"{folder}: no message found; expected folders that hold a message.toml")
    layout = _read_text(folder / LAYOUT)
    return {key: _read_message(folder / key, shared, layout) for key in keys}


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise TemplateFault(f"{path}: the file is missing") from None
    except UnicodeDecodeError as fault:
        raise TemplateFault(f"{path}: not UTF-8 text ({fault.reason}); save it as UTF-8") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read_text(path))
    except tomllib.TOMLDecodeError as fault:
        raise TemplateFault(f"{path}: {fault}") from None


def _read_message(folder: Path, shared: dict[str, Any], layout: str) -> MessageTemplate:
    path = folder / "message.toml"
    told = _read_toml(path)
    known = {*TEXT_FIELDS, "family", "reviewed", "needs", "segments", "placeholders"}
    for key in told.keys() - known:
        raise TemplateFault(f"{path}: unknown key '{key}'; expected one of {', '.join(sorted(known))}")
    for key in TEXT_FIELDS:
        if not isinstance(told.get(key), str):
            raise TemplateFault(f"{path}: '{key}' is missing; expected a sentence in quotes")
    if told.get("family") not in FAMILIES:
        raise TemplateFault(f"{path}: family is {told.get('family')!r}; expected one of {', '.join(FAMILIES)}")
    reviewed = told.get("reviewed")
    if not isinstance(reviewed, date):
        raise TemplateFault(f"{path}: reviewed is {reviewed!r}; expected a date such as 2026-11-22")
    sources = {name: _read_text(folder / name) for name in SOURCES if (folder / name).is_file()}
    if not sources or ("email.html" in sources and "email.txt" not in sources):
        raise TemplateFault(
            f"{folder}: expected sms.txt, or email.txt, or both; an email.html needs an email.txt beside it"
        )
    composed = frozenset({"email.html"} if "email.txt" in sources and "email.html" not in sources else ())
    if composed:
        sources["email.html"] = html_of(sources["email.txt"])
    digest = hashlib.sha256("\0".join([layout, *(f"{name}\0{text}" for name, text in sources.items())]).encode())
    return MessageTemplate(
        key=folder.name,
        family=told["family"],
        **{key: told[key] for key in TEXT_FIELDS},
        reviewed=reviewed,
        placeholders=_placeholders(path, told, shared),
        segments=MappingProxyType(_segments(path, told, "sms.txt" in sources)),
        sources=MappingProxyType(sources),
        digest=digest.hexdigest(),
        composed=composed,
    )


_FOOTER: Final = ("{{ school }}", "{{ phone }}")
_CHOICE = re.compile(r"\{%-?\s*(?:if|elif|else|endif)\b[^%]*%\}")


def html_of(text: str) -> str:
    """The HTML of an e-mail from its plain text: each paragraph in the shared layout, whose own foot replaces the text's."""
    lines = [line.strip() for line in text.strip().splitlines()[1:]]
    while lines and (not lines[-1] or lines[-1] in _FOOTER):
        lines.pop()
    body = [line if _CHOICE.fullmatch(line) else f"<p>{line}</p>" for line in lines if line]
    return "\n".join([f'{{% extends "{LAYOUT}" %}}', "{% block body %}", *body, "{% endblock %}", ""])


def _segments(path: Path, told: dict[str, Any], needed: bool) -> dict[str, int]:
    limits = told.get("segments", {} if needed else {"other": 0})
    if not isinstance(limits, dict) or "other" not in limits or not all(type(n) is int for n in limits.values()):
        raise TemplateFault(f"{path}: [segments] must give whole numbers by language, and one for 'other'")
    return limits


def _placeholders(path: Path, told: dict[str, Any], shared: dict[str, Any]) -> tuple[Placeholder, ...]:
    described: dict[str, Any] = {}
    for name in told.get("needs", []):
        if name not in shared:
            raise TemplateFault(f"{path}: needs '{name}', which {SHARED}/placeholders.toml does not describe")
        described[name] = shared[name]
    described.update(told.get("placeholders", {}))
    return tuple(_placeholder(path, name, about) for name, about in described.items())


def _placeholder(path: Path, name: str, about: dict[str, Any]) -> Placeholder:
    kind = about.get("kind", "text")
    if kind not in KINDS:
        raise TemplateFault(f"{path}: placeholder '{name}' has kind {kind!r}; expected one of {', '.join(KINDS)}")
    if "means" not in about or "sample" not in about:
        raise TemplateFault(f"{path}: placeholder '{name}' needs both 'means' and 'sample'")
    fields = tuple(
        Placeholder(field, "text", means, None, None, field not in about.get("optional", []))
        for field, means in about.get("fields", {}).items()
    )
    if (kind == "list") != bool(fields):
        raise TemplateFault(f"{path}: placeholder '{name}': 'fields' belong to kind 'list', and a list needs them")
    sample = tuple(about["sample"]) if kind == "names" else about["sample"]
    longest = about.get("longest", about["sample"])
    return Placeholder(
        name=name,
        kind=kind,
        means=about["means"],
        sample=sample,
        longest=tuple(longest) if kind == "names" else longest,
        required=about.get("required", True),
        fields=fields,
    )
