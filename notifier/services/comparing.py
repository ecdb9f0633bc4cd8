"""What goes out now for a message beside what would: words, whose they are, parts and price for the school."""

from __future__ import annotations

from dataclasses import dataclass

from notifier.domain.schools import School
from notifier.services.application import Application
from notifier.wording import MessageTemplate
from notifier.wording.languages import ENGLISH, is_english, negotiated
from notifier.wording.overrides import OwnersWording
from notifier.wording.own_files import OwnWords
from notifier.wording.own_text import plain


@dataclass(frozen=True, slots=True)
class Parts:
    """How many parts a text takes and what they cost, with ordinary and with the longest values."""

    ordinary: int
    longest: int
    encoding: str
    pence: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What goes out now and what would. `source` says whose the present words are; parts are None for e-mail."""

    template: str
    language: str
    channel: str
    before: str
    source: str
    after: str
    parts_before: Parts | None = None
    parts_after: Parts | None = None


def goes_out(
    wording: OwnersWording, key: str, language: str, channel: str, approvals: frozenset[tuple[str, str]]
) -> tuple[str, str]:
    """What goes out for a message now, in the form of own wording, and whose words these are."""
    words, _ = wording.in_use(key, language, channel, approvals)
    if words:
        return words.text, words.owner
    stock = wording.stock
    template = stock.template(key)
    if not is_english(language) and stock.standing(key, language, approvals) is None:
        found = negotiated(language, stock.languages()) or language
        return plain(template, channel, stock.translations(key, found)), "shipped"
    english, _ = wording.in_use(key, ENGLISH, channel)
    return wording.english(
        key, channel
    ), f"{english.owner if english else 'shipped'}{'' if is_english(language) else ', in English'}"


def compare(
    app: Application,
    wording: OwnersWording,
    school: School,
    template: str,
    language: str,
    channel: str,
    text: str,
    approvals: frozenset[tuple[str, str]],
) -> Comparison:
    """What goes out now beside a new text, which must be sound, with parts and cost for the school."""
    before, source = goes_out(wording, template, language, channel, approvals)
    old_language = ENGLISH if source.endswith("in English") else language
    counted = [
        parts_of(app, wording, school, template, tag, words) if channel == "sms" else None
        for tag, words in ((old_language, before), (language, text))
    ]
    return Comparison(template, language, channel, before, source, text, counted[0], counted[1])


def parts_of(
    app: Application, wording: OwnersWording, school: School, template: str, language: str, text: str
) -> Parts:
    """The parts of a text for a school, with its own name and number, and their price."""
    about = wording.stock.template(template)
    words = OwnWords(school.key, template, language, "sms", text)
    own = {"school": school.short_name, "phone": school.phone} | (
        {"named_person": school.named_person} if school.named_person else {}
    )
    ordinary, longest = (
        wording.draft(words, {**about.samples(longest=each), **own, **_without(about)}) for each in (False, True)
    )
    pence = ordinary.segments * app.settings.prices.sms_pence_per_segment
    return Parts(ordinary.segments, longest.segments, ordinary.encoding, pence)


def _without(about: MessageTemplate) -> dict[str, None]:
    """Links and the like, which most texts go out without."""
    return {given.name: None for given in about.placeholders if not given.required}
