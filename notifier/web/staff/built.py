"""The built files of the staff pages (style sheet, scripts, icon), under an address that holds a hash of their content.

The address changes whenever a file does, so browsers may keep the files for a year; pages themselves are never kept. All files
share one hash, so that a script finds the next one beside it. Nothing is built here: see frontend/build.py.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog
from fastapi import APIRouter
from fastapi.responses import Response

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/assets"
KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is served, by ending; nothing else in the folder is."""

NOT_BUILT: Final = (
    "The style sheet and scripts of the staff pages are not built. Run make in the checkout, or install a wheel."
)

_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
_log = structlog.get_logger(__name__)


class BuiltFiles:
    """The files, read once. Without them the pages are plain, but they work: nothing may stop the morning's texts."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = sorted(path for path in folder.glob("*") if path.suffix in KINDS) if folder.is_dir() else []
        self._files = {path.name: path.read_bytes() for path in found}
        total = sha256()
        for name, content in self._files.items():
            total.update(f"{name}\n{len(content)}\n".encode() + content)
        self.version = total.hexdigest()[:12]
        if not self._files:
            _log.warning("staff_pages_not_built", what_to_do=NOT_BUILT)

    @property
    def missing(self) -> bool:
        """Whether nothing was built."""
        return not self._files

    def address(self, name: str) -> str:
        """Where a file is served."""
        return f"{PREFIX}/{self.version}/{name}"

    def router(self) -> APIRouter:
        """`/assets/{version}/{name}`: open to everybody, since the sign-in page needs it, and holding nobody's data."""
        router = APIRouter()

        @router.get(f"{PREFIX}/{{version}}/{{name}}")
        async def built_file(version: str, name: str) -> Response:
            content = self._files.get(name)
            if content is None:
                return Response("Not found", 404, media_type="text/plain")
            kept = _FOR_A_YEAR if version == self.version else "no-store"  # an old page may still ask after an upgrade
            return Response(content, media_type=KINDS[Path(name).suffix], headers={"Cache-Control": kept})

        return router
