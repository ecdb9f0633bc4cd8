"""The documents tell the truth: what they name is there, what is there is documented, and nothing is in them that must not be."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from notifier.cli.commands import app
from notifier.cli.later import real_command
from notifier.cli.reference import PAGES
from notifier.configuration.codes import load_codes
from notifier.domain.reasons import WORDS, Reason
from notifier.domain.replies import Intent
from notifier.registers.columns import COLUMNS
from notifier.settings import env_name, setting_fields

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "notifier"
REFERENCE = REPOSITORY / "docs" / "reference"
PAGES_OF_DOCS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
ROOMS = "domain|configuration|registers|wording|channels|store|services|web|scheduling|cli|demo"


def relative(path: Path) -> str:
    """A file's place in the checkout, as the name of a case."""
    return path.relative_to(REPOSITORY).as_posix()


def page(name: str) -> str:
    """The text of a page of the reference."""
    return (REFERENCE / name).read_text(encoding="utf-8")


class TestReference:
    """What is there is documented."""

    @pytest.mark.parametrize("name", PAGES)
    def test_a_generated_page_is_what_the_program_makes_of_it(self, name: str) -> None:
        assert page(name) == PAGES[name](), "run: make reference"

    @pytest.mark.parametrize("path", setting_fields(), ids=".".join)
    def test_every_setting_is_documented(self, path: tuple[str, ...]) -> None:
        assert f"| `{path[-1]}` | `{env_name(path)}` |" in page("settings.md")

    def test_every_command_is_documented_with_its_options(self) -> None:
        text = page("commands.md")
        for name, command in commands().items():
            assert f"\n## notifier {name}\n" in text
            section = text.split(f"\n## notifier {name}\n")[1].split("\n## ")[0]
            for option in options_of(command) - {"--help", "-h"}:
                assert option in section, f"notifier {name} {option}"

    @pytest.mark.parametrize("reason", Reason)
    def test_every_reason_code_has_words_and_a_line(self, reason: Reason) -> None:
        assert WORDS[reason].what.endswith((".", "!"))
        assert f"| `{reason.value}` | {WORDS[reason].what} |" in page("reason-codes.md")

    @pytest.mark.parametrize("intent", Intent)
    def test_every_intent_of_a_reply_is_documented(self, intent: Intent) -> None:
        assert f"\n| `{intent.value}` |" in page("reply-intents.md")

    def test_every_attendance_code_is_documented(self) -> None:
        listed = set(re.findall(r"^\| `([^`]+)` \|", page("attendance-codes.md"), re.MULTILINE))
        assert set(load_codes(None).codes) <= listed

    @pytest.mark.parametrize("purpose", COLUMNS)
    def test_every_column_of_the_files_is_documented(self, purpose: Any) -> None:
        section = page("file-columns.md").split(f"\n## {purpose.capitalize()}")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [column.name for column in COLUMNS[purpose]]


@cache
def commands() -> dict[str, Any]:
    """Every command by its words after `notifier`."""

    def walk(group: Any, before: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for key in group.commands:
            command = group.commands[key] if before else real_command(key, group.commands[key])
            if hasattr(command, "commands"):
                yield from walk(command, (*before, key))
            else:
                yield " ".join((*before, key)), command

    return dict(walk(get_command(app), ()))


def options_of(command: Any) -> set[str]:
    """The options a command takes."""
    found = {name for item in command.params if item.param_type_name == "option" for name in item.opts}
    return found | {"--help", "-h"}


FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^(?:\$ )?(?:.*[ |]|\.venv/bin/|python -m )?notifier ([a-z].*)$")


def calls(text: str) -> Iterator[str]:
    """What a page writes after `notifier` in its blocks and in its inline code."""
    for _, block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            found = CALL.match(line.strip())
            if found:
                yield found[1]
    for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", text)):
        found = re.match(r"(?:\.venv/bin/)?notifier ([a-z].*)$", span)
        if found:
            yield found[1]


@pytest.mark.parametrize("path", PAGES_OF_DOCS, ids=relative)
def test_every_command_that_a_page_names_exists_with_its_options(path: Path) -> None:
    for call in calls(path.read_text(encoding="utf-8")):
        words = call.split()
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in commands()), None)
        if name is None:  # a whole group, such as `notifier templates`, or its alternatives
            assert any(known.startswith(f"{words[0]} ") for known in commands()), f"notifier {call}"
            assert len(words) == 1, f"there is no 'notifier {call}'"
            continue
        known = options_of(commands()[name])
        asked = {word.partition("=")[0].rstrip(",.;:") for word in re.findall(r"(?<=\s)--?[a-z][a-z-]*", f" {call}")}
        assert asked <= known, f"notifier {call}"


def slug(heading: str) -> str:
    """The anchor of a heading, as the usual renderers make it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """The anchors of a page."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


LINK = re.compile(r"\[(?:[^\]]|\n)*?\]\(([^)\s]+)\)")


@pytest.mark.parametrize("path", PAGES_OF_DOCS, ids=relative)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        assert target.is_relative_to(REPOSITORY), f"{link} leaves the repository"
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_of_the_docs_stands_in_the_index() -> None:
    index = REPOSITORY / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))}
    decisions = REPOSITORY / "docs" / "decisions" / "README.md"
    linked |= {(decisions.parent / link).resolve() for link in LINK.findall(decisions.read_text(encoding="utf-8"))}
    assert {path for path in PAGES_OF_DOCS if "docs" in path.parts} - linked - {index} == set()


def test_decisions_are_numbered_without_a_gap_and_alike_in_form() -> None:
    records = sorted((REPOSITORY / "docs" / "decisions").glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {record.name[:4]} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], record.name


@cache
def parsed(path: Path) -> ast.Module:
    """A module, read."""
    return ast.parse(path.read_text(encoding="utf-8"))


def names_in(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """What a module or class defines by name."""
    found: dict[str, ast.stmt] = {}
    for item in body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[item.name] = item
        elif isinstance(item, ast.Assign):
            found |= {target.id: item for target in item.targets if isinstance(target, ast.Name)}
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found[item.target.id] = item
    return found


def is_there(dotted: str) -> bool:
    """Whether a dotted name such as services.take_in.keep_marks is a module or defined in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        folder = PACKAGE.joinpath(*parts[:length])
        module = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        if not module.is_file():
            continue
        body = parsed(module).body
        for name in parts[length:]:
            known = names_in(body)
            if name not in known:
                return False
            item = known[name]
            body = item.body if isinstance(item, ast.ClassDef) else []
        return True
    return False


DOTTED = re.compile(rf"(?<![\w./@-])(?:notifier\.)?((?:{ROOMS})(?:\.[A-Za-z_]\w*)+)(?![\w/@-])")
NOT_CODE = re.compile(r"\.(?:md|toml|csv|example|org|db|svg|js|tick_seconds)\b|^channels\.(?:sms|email)$")


@pytest.mark.parametrize("path", PAGES_OF_DOCS, ids=relative)
def test_every_function_that_a_page_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = [*re.findall(r"`([^`\n]+)`", FENCE.sub("", text)), *(block for _, block in FENCE.findall(text))]
    for part in code:
        for dotted in DOTTED.findall(part):
            assert NOT_CODE.search(dotted) or is_there(dotted), dotted


PLACE = re.compile(r"^(?:notifier|config|templates|locale|tests|bench|docs)/[\w./-]+$")


@pytest.mark.parametrize("path", PAGES_OF_DOCS, ids=relative)
def test_every_file_that_a_page_names_exists(path: Path) -> None:
    invented = re.compile(r"/ourschool\.toml$|/oakfield\.toml$")  # what the reader is to make
    for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", path.read_text(encoding="utf-8"))):
        if PLACE.match(span) and not invented.search(span) and span != "config/notifier.toml":
            place = REPOSITORY / span
            made = re.match(r"bench/results/|locale/lt/|config/replies/lt", span)
            assert made or place.exists(), span


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_and_every_public_name_says_what_it_is(path: Path) -> None:
    tree = parsed(path)
    silent = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    for item in tree.body:
        if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or item.name.startswith("_"):
            continue
        silent += [] if ast.get_docstring(item) else [item.name]
        for part in item.body if isinstance(item, ast.ClassDef) else []:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and not part.name.startswith("_"):
                silent += [] if ast.get_docstring(part) else [f"{item.name}.{part.name}"]
    assert silent == []


# Written in parts, so that this file is not found by itself.
FORBIDDEN = {
    "work that was put off": re.compile("TO" + "DO|FIX" + "ME|Not" + "Implemented" + "Error|X" + "XX"),
    "a path of one machine": re.compile(r"(?<![\w.:/-])/" + r"(?:home|root|work|Users)/\w"),
    "a registry's address": re.compile(
        "py" + r"pi\.org|python" + r"hosted\.org|registry\.npm" + r"js|--index-" + "url"
    ),
    "a left-over of a merge": re.compile("^(?:<{7}|>{7}) ", re.MULTILINE),
}


@cache
def committed_files() -> tuple[Path, ...]:
    """The files that are, or are about to be, under version control."""
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        pytest.skip("REPOSITORY NOT LOOKED THROUGH: there is no git, or this is no checkout")
    listed = subprocess.run(
        [git, "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = (REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in found if path.is_file())


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds_what_does_not_belong_here(what: str) -> None:
    found = []
    for path in committed_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # pictures and the like
        found += [f"{relative(path)}: {match[0]}" for match in FORBIDDEN[what].finditer(text)]
    assert found == []


def test_the_readme_opens_with_the_two_commands() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    opening = FENCE.search(text)
    assert opening is not None and text.index("```") < 40
    assert [line.split("#")[0].strip() for line in opening[2].splitlines()] == ["make demo", "make test"]


@pytest.mark.parametrize("path", PAGES_OF_DOCS, ids=relative)
def test_every_make_target_that_a_page_names_exists(path: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z]+)", text)) | set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE))
    assert named <= targets
