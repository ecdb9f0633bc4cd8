"""Pictures of every staff page, at a telephone's width and a desk's: `make screenshots`.

All of them go to a folder for looking at; those that the documents show are written into the documents too, smaller. They are taken of the pretend school by a Chromium that is installed here; nothing is downloaded. The package `playwright` is needed,
which `make` installs.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from notifier.demo.sign_ins import PASSWORD
from notifier.demo.staff_pages import PAGES, Served, StaffPage, served_demo, sign_in

FOLDER: Final = Path("var/screenshots")
DOCUMENTS: Final = Path("docs/images/staff")
SHOWN: Final = {
    ("today", 1440), ("today", 320), ("follow-up", 1440), ("follow-up", 320), ("inbox", 1440), ("reply", 1440), ("messages", 1440),
    ("message", 1440), ("wording-message", 1440), ("wording-edit", 1440), ("proposals", 1440), ("reports", 1440),
    ("settings-guards", 1440), ("new-school", 1440), ("people", 1440), ("audit", 1440), ("help", 320),
}  # fmt: skip
"""The pictures that the documents show: page and width."""

WIDTHS: Final = (320, 1440)
TALLEST: Final = 1600
"""Pixels of a picture: a page that is longer is cut, so that the folder stays small."""

MID_MORNING: Final = time(9, 54)
"""Half an hour after the first texts, when much still waits for a person."""

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--lang=en-GB")


def find_browser() -> str | None:
    """The path of a Chromium; None where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def take(
    served: Served,
    folder: Path,
    *,
    documents: Path | None = None,
    widths: Sequence[int] = WIDTHS,
    names: Sequence[str] = (),
) -> list[Path]:
    """Take the pictures of all pages, or of those named; returns the files. Raises FileNotFoundError without a browser.

    Where a folder of documents is given, the pictures they show are written there as well.
    """
    from playwright.sync_api import sync_playwright

    browser = find_browser()
    if browser is None:
        raise FileNotFoundError("No Chromium is installed here (Debian: apt-get install chromium).")
    for each in (folder, documents):
        if each is not None:
            each.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=list(ARGUMENTS))
        for email, pages in _by_person(names).items():
            context = opened.new_context(reduced_motion="reduce", locale="en-GB", timezone_id="Europe/London")
            view = context.new_page()
            if email:
                sign_in(view, served.url, email, PASSWORD)
            for page in pages:
                for width in widths:
                    made.append(_picture(view, served, page, folder, width))
                    if documents is not None and (page.name, width) in SHOWN:
                        made.append(_small_picture(view, documents / f"{page.name}-{width}.webp"))
            context.close()
        opened.close()
    return made


def _by_person(names: Sequence[str]) -> dict[str, list[StaffPage]]:
    found: dict[str, list[StaffPage]] = {}
    for page in PAGES:
        if not names or page.name in names:
            found.setdefault(page.email or "", []).append(page)
    return found


def _picture(view: Any, served: Served, page: StaffPage, folder: Path, width: int) -> Path:
    view.set_viewport_size({"width": width, "height": 900})
    view.goto(served.address(page))
    view.wait_for_load_state("load")
    height = min(TALLEST, view.evaluate("document.documentElement.scrollHeight"))
    path = folder / f"{page.name}-{width}.png"
    view.set_viewport_size({"width": width, "height": max(600, height)})
    view.screenshot(path=path)
    return path


def _small_picture(view: Any, path: Path) -> Path:
    """The page as it stands, in a format that takes a quarter of the room."""
    session = view.context.new_cdp_session(view)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    path.write_bytes(base64.b64decode(taken["data"]))
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; 0 when all are made."""
    parser = argparse.ArgumentParser(prog="python -m notifier.demo.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"folder for the pictures (default: {FOLDER})")
    parser.add_argument("--documents", type=Path, help="folder for those that the documents show; none unless given")
    parser.add_argument(
        "names", nargs="*", metavar="PAGE", help=f"only these: {', '.join(page.name for page in PAGES)}"
    )
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - {page.name for page in PAGES}
    if unknown:
        parser.error(f"there is no page called {', '.join(sorted(unknown))}")
    try:
        with (
            TemporaryDirectory(prefix="notifier-screenshots-") as folder,
            served_demo(Path(folder) / "demo", until=MID_MORNING) as served,
        ):
            made = take(served, asked.out, documents=asked.documents, names=asked.names)
    except (FileNotFoundError, ImportError) as problem:
        print(f"Error: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    total = sum(path.stat().st_size for path in made)
    print(f"{len(made)} pictures in {asked.out}, {total // 1024} KB")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
