"""The library of messages as a page of the documentation: what each is for, who never gets it, and what is known of its effect."""

from __future__ import annotations

from notifier.wording.book import FAMILY_WORDS
from notifier.wording.rendering import Wording
from notifier.wording.templates import FAMILIES

_CHANNELS = {"sms": "text", "email": "e-mail", "page": "page"}


def library_markdown(wording: Wording | None = None) -> str:
    """The page docs/reference/message-library.md, from the shipped messages unless others are given."""
    templates = (wording or Wording.load()).templates()
    lines = [
        "# Message library",
        "",
        "This page is made from the messages' own files (`python -m notifier.cli.reference`); change",
        "`templates/messages`, not this page.",
        "",
        "`notifier templates book` writes the words of all of them, in every language, on one page; `notifier templates show` says",
        "which values one needs, its source, and in which languages it may go out.",
    ]
    for family in FAMILIES:
        found = [made for made in templates if made.family == family]
        if not found:
            continue
        lines += [
            "",
            f"## {FAMILY_WORDS[family]}",
            "",
            "| message | for | by | never to | evidence | read on |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            "| "
            + " | ".join(
                (
                    f"`{made.key}`",
                    _cell(made.purpose),
                    ", ".join(_CHANNELS[channel] for channel in made.channels),
                    _cell(made.excluded),
                    _cell(made.evidence),
                    made.reviewed.isoformat(),
                )
            )
            + " |"
            for made in found
        ]
    return "\n".join([*lines, ""])


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
