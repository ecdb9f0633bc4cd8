"""The reference pages that are made from the program itself, and the command that writes them: `python -m notifier.cli.reference`.

A test compares the pages with what is made here, so that none of them can fall behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from notifier.cli.commands import app
from notifier.cli.later import real_command
from notifier.domain.reasons import WORDS

PAGES_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
"""Where the pages lie in a checkout."""


def commands_markdown() -> str:
    """The page docs/reference/commands.md: every command with its arguments, options and examples."""
    root: Any = get_command(app)
    found = list(_commands(root, "notifier"))
    lines = [
        "# Commands",
        "",
        "This page is made from the commands themselves (`python -m notifier.cli.reference`); change them, not this page.",
        "",
        "`--at` gives the moment as ISO 8601 with offset, such as `2026-11-23T09:30:00+00:00`; it is now unless given. `--json`",
        "prints one JSON document on standard output and nothing else there; progress, warnings and errors go to standard error.",
        "Where the output is not a terminal, tables become tab-separated lines and colours go.",
        "",
        "| exit code | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | something needs attention: held, refused, failed or unknown |",
        "| 2 | wrong usage or configuration, or an act that is refused |",
        "",
        "| command | does |",
        "|---|---|",
        *(f"| [`{name}`](#{name.replace(' ', '-')}) | {_first_line(command)} |" for name, command in found),
    ]
    for name, command in found:
        lines += ["", *_section(name, command)]
    return "\n".join([*lines, ""])


def _commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for key in sorted(group.commands):
        command = real_command(key, group.commands[key]) if name == "notifier" else group.commands[key]
        if hasattr(command, "commands"):
            yield from _commands(command, f"{name} {key}")
        else:
            yield f"{name} {key}", command


def _first_line(command: Any) -> str:
    return str(command.help or "").strip().split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _section(name: str, command: Any) -> Iterator[str]:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option" and item.name != "help"]
    usage = " ".join((name, *(_argument_usage(item) for item in arguments), *(_option_usage(item) for item in options)))
    yield f"## {name}"
    yield ""
    yield "```text"
    yield usage
    yield "```"
    yield ""
    yield from (" ".join(part.split()) + "\n" for part in str(command.help or "").strip().split("\n\n"))
    if arguments or options:
        yield "| | what it is | unless given |"
        yield "|---|---|---|"
        for item in (*arguments, *options):
            label = f"`{_metavar(item)}`" if item in arguments else f"`{_option_label(item)}`"
            told = "required" if item.required else _default(item)
            yield f"| {label.replace('|', chr(92) + '|')} | {str(item.help or '').replace('|', chr(92) + '|')} | {told} |"
        yield ""
    examples = [part for part in str(command.epilog or "").split("\n\n") if part.startswith(("notifier ", "echo "))]
    if examples:
        yield "```sh"
        yield from examples
        yield "```"


def _metavar(item: Any) -> str:
    return str(item.metavar or item.name.upper())


def _argument_usage(item: Any) -> str:
    return _metavar(item) if item.required else f"[{_metavar(item)}]"


def _option_label(item: Any) -> str:
    names = ", ".join(sorted(item.opts, key=len, reverse=True))
    return names if item.is_flag else f"{names} {_kind(item)}"


def _kind(item: Any) -> str:
    return str(item.metavar or max(item.opts, key=len).lstrip("-").upper())


def _option_usage(item: Any) -> str:
    longest = max(item.opts, key=len)
    whole = longest if item.is_flag else f"{longest} {_kind(item)}"
    return whole if item.required else f"[{whole}]"


def _default(item: Any) -> str:
    if item.default is None or item.is_flag or item.default in ("", [], ()):
        return ""
    return f"`{item.default}`"


def reasons_markdown() -> str:
    """The page docs/reference/reason-codes.md: every reason with its words for staff."""
    lines = [
        "# Reason codes",
        "",
        "This page is made from `notifier/domain/reasons.py` (`python -m notifier.cli.reference`); change that file, not this page.",
        "",
        "Every decision about a pupil, every message that did not reach anybody and every place on the call list has one of these",
        "reasons.",
        "",
        "| code | what happened | what to do |",
        "|---|---|---|",
        *(f"| `{reason.value}` | {words.what} | {words.next_step} |" for reason, words in WORDS.items()),
    ]
    return "\n".join([*lines, ""])


def _codes() -> str:
    from notifier.configuration.codes import codes_markdown, load_codes

    return codes_markdown(load_codes(None))


def _settings() -> str:
    from notifier.settings import settings_markdown

    return settings_markdown()


def _columns() -> str:
    from notifier.registers.columns import columns_markdown

    return columns_markdown()


def _library() -> str:
    from notifier.wording.library import library_markdown

    return library_markdown()


PAGES: dict[str, Callable[[], str]] = {
    "attendance-codes.md": _codes,
    "commands.md": commands_markdown,
    "file-columns.md": _columns,
    "message-library.md": _library,
    "reason-codes.md": reasons_markdown,
    "settings.md": _settings,
}
"""Every page that is made, by its file name."""


def write_pages(folder: Path = PAGES_FOLDER) -> list[str]:
    """Write the pages that have changed; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, made in PAGES.items():
        page, text = folder / name, made()
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            written.append(name)
    return written


if __name__ == "__main__":
    for changed in write_pages():
        typer.echo(changed)
