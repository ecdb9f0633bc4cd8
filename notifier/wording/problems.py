"""What is wrong with a wording, said so that the person who wrote it can put it right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: in which template and language, where in it, what is wrong, and what to do about it.

    `language` is a tag such as "pl", or "en" for the English wording itself. `where` is a channel, a file or a line.
    """

    template: str
    language: str
    where: str
    what: str
    remedy: str
