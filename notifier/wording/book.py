"""Pages to read the wording on: one message in all its languages, and the whole catalogue. One file each, nothing fetched, no scripts.

The HTML is in `pages`; what stands on it comes from `previews`, `coverage` and the messages' own descriptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifier.wording.coverage import coverage
from notifier.wording.languages import ENGLISH, direction
from notifier.wording.previews import Shown, Variant, language_name, ordinary, phone_direction, show
from notifier.wording.rendering import Rendered, Wording
from notifier.wording.templates import FAMILIES, MessageTemplate

PAGES: Final = Path(__file__).parent / "pages"
"""Where the HTML of the pages lies."""

FAMILY_WORDS: Final = {
    "first_day": "First day: a child is not in school and nobody has said why",
    "toolkit": "Toolkit: about attendance over a while",
    "moments_matter": "Moments matter: ordinary school days",
    "illness": "Illness: where the NHS says more",
    "staff": "For staff, in English",
}
"""What the families of messages are called for people."""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {
        "language": language_name,
        "direction": direction,
        "paragraphs": paragraphs,
        "parts": lambda number: "1 part" if number == 1 else f"{number} parts",
        "pence": lambda amount: f"{amount:g}p" if amount < 100 else f"£{amount / 100:.2f}",
        "day": lambda day: f"{day.day} {day:%B %Y}",
        "family": lambda key: FAMILY_WORDS.get(key, key),
        "tag": lambda language: "en-GB" if language == ENGLISH else language,
    }
    made.globals |= {"phone_direction": phone_direction}
    return made


def paragraphs(message: Rendered) -> list[list[str]]:
    """An e-mail's paragraphs, each as its lines."""
    return [paragraph.splitlines() for paragraph in message.body.strip().split("\n\n")]


def preview_page(wording: Wording, key: str, *, price: float, languages: Iterable[str] = ()) -> str:
    """One message in all languages (or those named) as an HTML page, with ordinary and the longest values.

    `price` is that of one part, in pence. Raises UnknownTemplate.
    """
    return (
        _environment()
        .get_template("preview.html")
        .render(template=wording.template(key), variants=show(wording, key, languages=languages), price=price)
    )


def book(wording: Wording, *, price: float, made_on: date) -> str:
    """Every message in every language as one HTML page, with contents, coverage and what is known about each message."""
    chapters = [
        (family, [(template, _entries(wording, template)) for template in group])
        for family, group in groupby(_in_order(wording.templates()), key=lambda template: template.family)
    ]
    return (
        _environment()
        .get_template("book.html")
        .render(
            chapters=chapters,
            coverage=coverage(wording),
            languages=wording.languages(),
            messages=len(wording.templates()),
            price=price,
            made_on=made_on,
        )
    )


def _in_order(templates: Iterable[MessageTemplate]) -> list[MessageTemplate]:
    return sorted(templates, key=lambda template: FAMILIES.index(template.family))


def _entries(wording: Wording, template: MessageTemplate) -> tuple[Sequence[Shown], Sequence[Shown]]:
    """The languages a message is written in, for one child, and those in which English goes out."""
    first: Variant = show(wording, template.key, values=[next(ordinary(template))])[0]
    return [made for made in first.shown if not made.missing], [made for made in first.shown if made.missing]
