"""A pack: own wording, its translations and approvals, and policies, as one readable file that schools pass on.

Every item carries a checksum and the whole pack one more, so that a changed character is noticed and the item named. That guards
against accidents and careless editing; it is no signature, so who sent a pack is for people to know. Reading trusts nothing in it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import tomlkit
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from notifier.configuration.errors import ConfigurationError, Expected, problems_in, read_toml
from notifier.configuration.policies import parse_policy
from notifier.wording.languages import is_english, locale_of
from notifier.wording.own_checks import check_own
from notifier.wording.own_folder import LANGUAGE, TEMPLATE
from notifier.wording.own_text import digest, plain, tidy
from notifier.wording.rendering import Wording
from notifier.wording.templates import UnknownTemplate

FORMAT: Final = 1
LARGEST_PACK: Final = 1_000_000
"""Bytes. All messages in all languages take about a third of it."""

MOST_ITEMS: Final = 2_000
SUFFIX: Final = ".pack.toml"

_HEADER: Final = (
    "A pack of wording for schools. Look through it with: notifier pack check FILE",
    "Do not edit it: take it in (notifier pack import), change the wording there, and export it again.",
)


class PackFault(Exception):
    """A pack cannot be used at all; one problem a line, each with the item it is about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What keeps one item of a pack from being used here. `place` is its name, as in "message first_day en sms"."""

    place: str
    what: str
    remedy: str


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a line holds an invisible character; take it out")
    return value


def _zoned(value: object) -> object:
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r} is not a moment; write it as 2026-11-22T09:00:00Z")
    return value


Line = Annotated[str, Field(strict=True, max_length=500), AfterValidator(_one_line), Expected("a text of one line")]
Said = Annotated[
    str, Field(strict=True, pattern=r"\S", max_length=200), AfterValidator(_one_line), Expected("a text of one line")
]
Template = Annotated[
    str, Field(strict=True, pattern=f"^{TEMPLATE.pattern}$"), Expected('a message\'s key, as in "first_day"')
]
Language = Annotated[
    str, Field(strict=True, pattern=f"^(?:{LANGUAGE.pattern})$"), Expected('a language tag, as in "pl"')
]
Channel = Annotated[Literal["sms", "email"], Expected('"sms" or "email"')]
Digest = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{16}$"), Expected("16 hexadecimal digits")]
Hash = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$"), Expected("64 hexadecimal digits")]
Words = Annotated[
    str, Field(strict=True, min_length=1, max_length=6_000), Expected("a text of at most 6000 characters")
]
Moment = Annotated[AwareDatetime, BeforeValidator(_zoned), Expected("a moment as in 2026-11-22T09:00:00Z")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Manifest(_Table):
    """What the pack is, who made it, and under which licence it may be used."""

    format: Annotated[int, Field(strict=True, ge=FORMAT, le=FORMAT), Expected(f"{FORMAT}: this program knows no other")]
    name: Said
    version: Said
    licence: Said
    made_by: Said
    made_at: Moment
    notes: Line = ""
    checksum: Hash


class Message(_Table):
    """English words of one message and channel."""

    template: Template
    language: Annotated[Literal["en"], Expected('"en"; other languages stand under [[translation]]')]
    channel: Channel
    based_on: Digest
    text: Words
    sha256: Hash

    @property
    def name(self) -> str:
        """The item's name for people."""
        return f"message {self.template} {self.language} {self.channel}"


class Translation(_Table):
    """A translation of own English, or of the shipped one in other words than the shipped translation."""

    template: Template
    language: Language
    channel: Channel
    based_on: Digest
    english: Digest
    text: Words
    sha256: Hash

    @property
    def name(self) -> str:
        """The item's name for people."""
        return f"translation {self.template} {self.language} {self.channel}"


class Approval(_Table):
    """Who approved which words; information, until somebody at the importing school accepts it."""

    template: Template
    language: Language
    hash: Hash
    reviewer: Said
    at: Moment
    sha256: Hash

    @property
    def name(self) -> str:
        """The item's name for people."""
        return f"approval {self.template} {self.language}"


class PackedPolicy(_Table):
    """A policy file, whole."""

    key: Annotated[
        str,
        Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,60}$"),
        Expected('a policy\'s key, as in "first_day_absence"'),
    ]
    text: Annotated[
        str, Field(strict=True, min_length=1, max_length=50_000), Expected("a text of at most 50000 characters")
    ]
    sha256: Hash

    @property
    def name(self) -> str:
        """The item's name for people."""
        return f"policy {self.key}"


Item = Message | Translation | Approval | PackedPolicy


class Pack(_Table):
    """A pack, read and whole."""

    pack: Annotated[Manifest, Expected("the table [pack]")]
    message: Annotated[list[Message], Expected("[[message]] tables")] = []
    translation: Annotated[list[Translation], Expected("[[translation]] tables")] = []
    approval: Annotated[list[Approval], Expected("[[approval]] tables")] = []
    policy: Annotated[list[PackedPolicy], Expected("[[policy]] tables")] = []

    @property
    def items(self) -> list[Item]:
        """Everything in it, in the order of the file."""
        return [*self.message, *self.translation, *self.approval, *self.policy]


def checksum(values: Mapping[str, Any]) -> str:
    """The checksum of an item or a manifest: SHA-256 over its other values as JSON with sorted keys."""
    plain_values = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in values.items()
        if key not in ("sha256", "checksum")
    }
    return hashlib.sha256(json.dumps(plain_values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def total(manifest: Mapping[str, Any], items: Sequence[str]) -> str:
    """The checksum of a whole pack: over its manifest and the checksums of its items in their order."""
    return hashlib.sha256("\n".join([checksum(manifest), *items]).encode()).hexdigest()


def packed(manifest: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Pack:
    """Make a pack: checksums are worked out here. Raises pydantic.ValidationError for what no pack may hold."""
    summed = {
        kind: [{**item, "sha256": checksum(item)} for item in tables.get(kind, ())]
        for kind in ("message", "translation", "approval", "policy")
    }
    sums = [item["sha256"] for items in summed.values() for item in items]
    return Pack.model_validate({"pack": {**manifest, "checksum": total(manifest, sums)}, **summed})


def written(pack: Pack) -> str:
    """A pack as the text of its file, long texts line by line."""
    document = tomlkit.document()
    for line in _HEADER:
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    document["pack"] = pack.pack.model_dump()
    for kind in ("message", "translation", "approval", "policy"):
        tables = tomlkit.aot()
        for item in getattr(pack, kind):
            table = tomlkit.table()
            for key, value in item.model_dump().items():
                table[key] = tomlkit.string(value, multiline=True) if key == "text" else value
            tables.append(table)
        if tables:
            document[kind] = tables
    return tomlkit.dumps(document)


def read_pack(data: bytes, *, source: str) -> Pack:
    """Read a pack and prove its checksums. Raises PackFault naming every item that is wrong."""
    if len(data) > LARGEST_PACK:
        raise PackFault(f"{source}: {len(data):,} bytes; a pack has at most {LARGEST_PACK:,}")
    try:
        told = read_toml(data.decode("utf-8-sig"), source=source)
    except UnicodeDecodeError as fault:
        raise PackFault(f"{source}: is not UTF-8 (byte {fault.start + 1})") from None
    except ConfigurationError as fault:
        raise PackFault(str(fault)) from None
    except RecursionError:
        raise PackFault(f"{source}: is nested too deeply") from None
    number = sum(len(value) for value in told.values() if isinstance(value, list))
    if number > MOST_ITEMS:
        raise PackFault(f"{source}: {number:,} items; a pack has at most {MOST_ITEMS:,}")
    try:
        pack = Pack.model_validate(told)
    except ValidationError as fault:
        raise PackFault("\n".join(map(str, problems_in(fault, Pack, source)))) from None
    changed = [item.name for item in pack.items if item.sha256 != checksum(item.model_dump())]
    if changed:
        raise PackFault(
            "\n".join(
                f"{source}: {name}: was changed after the pack was made; ask for the pack again" for name in changed
            )
        )
    if pack.pack.checksum != total(pack.pack.model_dump(), [item.sha256 for item in pack.items]):
        what = "[pack] was changed, or an item was added, left out or moved; ask for the pack again"
        raise PackFault(f"{source}: {what}")
    names = [item.name for item in pack.items if not isinstance(item, Approval)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PackFault("\n".join(f"{source}: {name}: stands in it twice" for name in twice))
    return pack


def english_of(pack: Pack, stock: Wording, template: str, channel: str) -> str:
    """The English a translation in the pack belongs to: the pack's own, else the shipped one. Raises UnknownTemplate."""
    for item in pack.message:
        if (item.template, item.channel) == (template, channel):
            return tidy(item.text)
    return plain(stock.template(template), channel)


def check_pack(pack: Pack, stock: Wording, config_dir: Path | None) -> list[Finding]:
    """What of a sound pack cannot be used with this program's messages; an empty list means that all of it can."""
    found: list[Finding] = []
    words: list[Message | Translation] = [*pack.message, *pack.translation]
    for item in words:
        found += _check_words(pack, item, stock)
    for policy in pack.policy:
        found += _check_policy(policy, stock, config_dir)
    for approval in pack.approval:
        try:
            stock.template(approval.template)
        except UnknownTemplate:
            found.append(Finding(approval.name, f"There is no message '{approval.template}' here.", _UPDATE))
    return found


_UPDATE: Final = "Bring the older of the two programs up to date, or leave it out."


def _check_words(pack: Pack, item: Message | Translation, stock: Wording) -> Iterator[Finding]:
    try:
        template = stock.template(item.template)
    except UnknownTemplate:
        yield Finding(item.name, f"There is no message '{item.template}' here.", _UPDATE)
        return
    if item.channel not in template.channels or template.english_only:
        yield Finding(item.name, f"This message has no own wording for {item.channel}.", "Leave it out.")
        return
    if item.text != tidy(item.text):
        yield Finding(item.name, "The text holds spaces at the ends of its lines.", "Export it again.")
        return
    english = ""
    if isinstance(item, Translation):
        if is_english(item.language) or not _known(item.language):
            yield Finding(item.name, f"'{item.language}' is no language to translate into.", "Leave it out.")
            return
        english = english_of(pack, stock, item.template, item.channel)
        if digest(english) != item.english:
            what = "It translates an English that is neither in the pack nor shipped here."
            yield Finding(item.name, what, "Export the English with it.")
            return
    if item.based_on != digest(plain(template, item.channel)):
        what = "It was written for another version of the shipped message."
        yield Finding(
            item.name, what, "Compare it with the message as it is here, and save it by hand: notifier wording save."
        )
        return
    problems = check_own(
        stock.layout, template, channel=item.channel, language=item.language, text=item.text, english=english
    )
    for problem in problems:
        yield Finding(item.name, f"{problem.where}: {problem.what}", problem.remedy)


def _known(language: str) -> bool:
    try:
        locale_of(language)
    except Exception:  # Babel has three ways to say that it does not know a tag
        return False
    return True


_NAMED = re.compile(r'^\s*(?:AM|PM|whole_day|day_two|all_clear|template|new_template)\s*=\s*"(\w+)"', re.MULTILINE)


def _check_policy(policy: PackedPolicy, stock: Wording, config_dir: Path | None) -> Iterator[Finding]:
    try:
        parse_policy(policy.text, source=policy.name, key=policy.key, config_dir=config_dir)
    except (ConfigurationError, RecursionError) as fault:
        yield Finding(policy.name, str(fault), "Ask for a corrected pack, or leave the policy out.")
        return
    known = {template.key for template in stock.templates()}
    for name in sorted(set(_NAMED.findall(policy.text)) - known):
        yield Finding(policy.name, f"It uses the message '{name}', which is not here.", _UPDATE)
