"""How the story of a morning is shown: one screen for people, the message log under it, and a picture for the README.

Colours never carry a meaning alone. Where the output is not a terminal the same words come out plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from io import StringIO
from math import ceil
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from notifier.demo.moments import (
    INTENT_WORDS,
    Moment,
    MomentKind,
    carer_of,
    counted,
    language_name,
    listed,
    reading_of,
    shortened,
)
from notifier.demo.population import DemoSchool
from notifier.demo.story import Story, Whereabouts
from notifier.domain.reasons import Reason
from notifier.domain.replies import Intent
from notifier.domain.sessions import local_time

WIDTH: Final = 80
"""Columns of the screen."""

PICTURE_WIDTH: Final = 90

LOG_LINES: Final = 25

PLACE_STYLES: Final = {
    Whereabouts.IN_SCHOOL: "green",
    Whereabouts.EXPLAINED: "blue",
    Whereabouts.KNOWN_BEFORE: "cyan",
    Whereabouts.WITH_A_PERSON: "yellow",
    Whereabouts.HELD: "magenta",
    Whereabouts.LOST: "bold red",
}

KIND_STYLES: Final = {
    MomentKind.MARKS: "dim",
    MomentKind.SENT: "",
    MomentKind.ANSWER: "blue",
    MomentKind.URGENT: "bold red",
    MomentKind.ALL_CLEAR: "green",
    MomentKind.HELD: "magenta",
    MomentKind.STAFF: "yellow",
    MomentKind.CONFIRMED: "cyan",
    MomentKind.HANDED_OVER: "yellow",
    MomentKind.TROUBLE: "magenta",
}

RING_WORDS: Final[Mapping[str, str]] = {
    Reason.NO_ANSWER: "no answer",
    Reason.OPTED_OUT: "wants no texts",
    Reason.NO_USABLE_CONTACT: "landline only",
    Reason.URGENT_REPLY: "worried answer",
    Reason.VULNERABLE: "vulnerable",
    Reason.WRONG_NUMBER: "wrong number",
    Reason.LEFT_DURING_DAY: "gone after lunch",
    Reason.NO_CONTACT_ALLOWED: "nobody may be texted",
    Reason.UNCONFIRMED_REPLY: "answer to be read",
    Reason.NOT_DELIVERED: "not delivered",
    Reason.UNEXPLAINED: "no reason yet",
}
"""Why a person rings, in the fewest words."""


def moment_line(moment: Moment) -> Text:
    """One moment as a line: local time and words."""
    style = KIND_STYLES[moment.kind]
    return Text.assemble((f"{local_time(moment.at):%H:%M}", "dim"), "  ", (moment.words, style))


def screen(story: Story, width: int = WIDTH) -> RenderableType:
    """The story in one screen."""
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(Text(story.school, "bold"), Text(f"{story.day:%A} {story.day.day} {story.day:%B %Y}", "bold"))
    head.add_row(
        Text(f"{counted(story.pupils, 'pupil')} in {counted(story.groups, 'class', 'classes')}", "dim"),
        Text(f"all made up, seed {story.seed}", "dim"),
    )
    lost = story.whereabouts.get(Whereabouts.LOST, 0)
    title = Text.assemble(
        (counted(story.unexplained, "child", "children"), "bold"),
        " marked absent without a reason. ",
        ("Every one accounted for.", "bold green") if not lost else (f"{lost} FORGOTTEN.", "bold red"),
    )
    bar, legend = _bar(story, width - 6)
    parts: list[RenderableType] = [head, "", title, "", bar, legend, "", _facts(story), "", _promises(story)]
    return Panel(Group(*parts), box=box.ROUNDED, padding=(0, 2), width=width, border_style="dim")


def _bar(story: Story, width: int) -> tuple[Text, Text]:
    """Where the children are: a bar with a stretch for each answer, and its legend."""
    total = max(1, sum(story.whereabouts.values()))
    bar, legend = Text(), Text()
    used = passed = 0
    for place, number in story.whereabouts.items():
        passed += number
        stretch = round(width * passed / total) - used
        used += stretch
        bar.append("█" * max(stretch - 1, 1) + (" " if stretch > 1 else ""), PLACE_STYLES[place])
        if legend:
            legend.append("  ")
        legend.append("■ ", PLACE_STYLES[place])
        legend.append(f"{number} ", "bold")
        legend.append(place.value)
    return bar, legend


def _facts(story: Story) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(style="dim", no_wrap=True, width=9)
    table.add_column(justify="right", style="bold", no_wrap=True, width=5)
    table.add_column(ratio=1)
    for name, number, words in _rows(story):
        table.add_row(name, number, words)
    return table


def _rows(story: Story) -> list[tuple[str, str, str]]:
    wait = story.minutes_to_answer
    quick = f", half of them within {counted(ceil(wait), 'minute')}" if wait is not None else ""
    failed = f"; {story.not_delivered} undeliverable, so another way" if story.not_delivered else ""
    kinds = _shares({INTENT_WORDS[Intent(intent)]: number for intent, number in story.intents.items()})
    ring = sum(story.to_ring.values())
    reasons = _shares({_ring_words(reason): number for reason, number in story.to_ring.items()})
    mails = [counted(story.emails, "e-mail")] if story.emails else []
    messages = listed([counted(story.texts, "text"), *mails])
    told = "exactly those" if story.all_clear_exact else "NOT just those"
    clear = f"turned up; {told} who had been alarmed were told"
    urgent = counted(max(1, ceil(story.urgent_minutes)), "minute")
    children = counted(story.contacted_pupils, "child", "children")
    return [
        ("Contacted", str(story.contacted_carers), f"carers of {children}{failed}"),
        ("Answered", str(story.answered_carers), f"carers{quick}. {kinds}"),
        ("All clear", str(story.all_clear_pupils), clear),
        ("Urgent", str(story.urgent), f"answers, each with staff within {urgent}"),
        ("To ring", str(ring), f"handed over by name. {reasons}" if ring else "nobody is left to ring"),
        ("Held", str(len(story.holds)), _held(story)),
        ("Languages", str(len(story.languages)), _languages(story)),
        ("Cost", f"£{story.cost_pence / 100:.2f}", f"{messages}; {story.segments} text parts at an assumed 4p"),
    ]


def _shares(counts: Mapping[str, int]) -> str:
    """Counts in a sentence, the single ones together: "Ill 7; one each: late, wrong number"."""
    several = [f"{words} {number}" for words, number in counts.items() if number > 1]
    single = [words for words, number in counts.items() if number == 1]
    parts = [", ".join(several)] if several else []
    if single:
        parts.append(f"one each: {', '.join(single)}" if len(single) > 1 or several else f"{single[0]} 1")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _ring_words(reason: str) -> str:
    return RING_WORDS.get(reason, reason.replace("_", " "))


def _held(story: Story) -> str:
    if not story.holds:
        return "nothing"
    return "; ".join(
        f"{hold.what}, until its late register came at {local_time(hold.released_at):%H:%M}"
        if hold.released_at
        else f"{hold.what}, and still is"
        for hold in story.holds
    )


def _languages(story: Story) -> str:
    spoken = " · ".join(f"{language_name(tag)} {number}" for tag, number in story.languages.items())
    missing = listed([language_name(tag) for tag in story.fallbacks])
    return f"{spoken}; English for want of {missing}" if missing else spoken


def _promises(story: Story) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    for promise in story.promises:
        style = "green" if promise.kept else "bold red"
        sign = Text("✔ " if promise.kept else "✘ ", style).append(promise.words, "bold" if promise.kept else style)
        table.add_row(sign, promise.evidence)
    return table


def message_log(entries: Sequence[Mapping[str, Any]], school: DemoSchool) -> Table:
    """The newest lines of the message log: what left, what came back, and what became of it."""
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, expand=False, width=WIDTH)
    for width in (5, 1, 18, 4, 29, 17):
        table.add_column(no_wrap=True, overflow="ellipsis", width=width)
    for entry in entries[:LOG_LINES]:
        table.add_row(*_log_row(entry, school))
    return table


def _log_row(entry: Mapping[str, Any], school: DemoSchool) -> tuple[Text, ...]:
    at = datetime.fromisoformat(entry.get("received_at") or entry["created_at"])
    answer = entry["kind"] == "reply"
    who = carer_of(school, entry["carer_id"], entry["pupil_ids"])
    medium = "text" if entry["channel"] == "sms" else "mail"
    end = reading_of(entry["intent"], None) if answer else entry["status"]
    style = "bold red" if answer and entry["urgent"] else "blue" if answer else ""
    body = _without_school(entry["body"], school)
    return (
        Text(f"{local_time(at):%H:%M}", "dim"),
        Text("←" if answer else "→", style),
        Text(who, style),
        Text(medium, "dim"),
        Text(shortened(body, 29), style),
        Text(end, style or "dim"),
    )


def _without_school(body: str, school: DemoSchool) -> str:
    """A message's words without the school's name at the beginning, which is the same in all of them."""
    return body.removeprefix(f"{school.short_name}: ")


def ordered_log(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The log newest first, in the same order in every run."""

    def order(entry: Mapping[str, Any]) -> tuple[str, bool, str, str, str]:
        answer = entry["kind"] == "reply"  # and what answers it, in the same second, is newer
        at = entry["received_at"] if answer else entry["created_at"]
        return at, not answer, entry["channel"], entry["from"] if answer else entry["to"], entry["body"]

    return sorted(entries, key=order, reverse=True)


PICTURE_THEME: Final = TerminalTheme(
    (255, 255, 255),
    (36, 41, 47),
    [
        (36, 41, 47),
        (193, 39, 45),
        (26, 127, 55),
        (176, 112, 0),
        (9, 92, 171),
        (130, 80, 160),
        (27, 124, 131),
        (110, 119, 129),
    ],
    [
        (87, 96, 106),
        (207, 34, 46),
        (45, 164, 78),
        (191, 135, 0),
        (33, 139, 255),
        (164, 117, 249),
        (49, 146, 170),
        (140, 149, 159),
    ],
)
"""Dark words on white, so that the picture can be printed."""

PICTURE_FORMAT: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
  <title>TITLE</title>
  <style>
    .{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
      line-height: {line_height}px; font-variant-east-asian: full-width; }}
    .{unique_id}-title {{ font-size: 17px; font-weight: bold; font-family: sans-serif; }}
    {styles}
  </style>
  <defs>
    <clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
    {lines}
  </defs>
  {chrome}
  <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
  </g>
</svg>
"""
"""The picture without any address outside it: no web font, nothing that loads."""

TELLING: Final = (
    (MomentKind.URGENT, 2),
    (MomentKind.ALL_CLEAR, 2),
    (MomentKind.MARKS, 2),
    (MomentKind.HELD, 1),
    (MomentKind.SENT, 1),
    (MomentKind.HANDED_OVER, 1),
    (MomentKind.TROUBLE, 2),
)
"""Kinds of moments in a picture, and how many of each at most."""


def highlights(moments: Sequence[Moment]) -> list[Moment]:
    """The most telling moments, in their order: a few of each kind, and answers in other languages before English ones."""
    chosen: set[int] = set()
    for kind, most in TELLING:
        chosen.update([number for number, moment in enumerate(moments) if moment.kind is kind][:most])
    answers = [number for number, moment in enumerate(moments) if moment.kind is MomentKind.ANSWER]
    answers.sort(key=lambda number: ("(" not in moments[number].words.partition(":")[0], number))
    chosen.update(answers[:4])
    confirmed = [number for number, moment in enumerate(moments) if moment.kind is MomentKind.CONFIRMED]
    chosen.update(confirmed[-1:])
    return [moments[number] for number in sorted(chosen)]


def write_picture(story: Story, path: Path) -> None:
    """Write the screen and the most telling moments as an SVG that needs nothing from outside."""
    console = Console(
        record=True,
        width=PICTURE_WIDTH + 1,
        file=StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(screen(story, PICTURE_WIDTH))
    console.print()
    for moment in highlights(story.moments):
        console.print(_cut(Text("  ").append_text(moment_line(moment)), PICTURE_WIDTH))
    console.print()
    path.parent.mkdir(parents=True, exist_ok=True)
    title = f"notifier demo: one morning at {story.school}"
    shape = PICTURE_FORMAT.replace("TITLE", escape(title))
    picture = console.export_svg(title=title, theme=PICTURE_THEME, code_format=shape, unique_id="demo")
    path.write_text("\n".join(line.rstrip() for line in picture.splitlines()) + "\n", encoding="utf-8")


def _cut(line: Text, width: int) -> Text:
    if cell_len(line.plain) > width:
        line.truncate(width, overflow="ellipsis")
    return line
