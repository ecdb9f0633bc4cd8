"""The two files under /static that the carer's answer page needs; the staff pages have their own under /assets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse, Response

_FOLDER: Final = Path(__file__).parent / "static"

STATIC: Final = {"answer.css": "text/css", "icon.svg": "image/svg+xml"}
"""What is served, and nothing else."""


def build_router() -> APIRouter:
    """`/static/{name}`."""
    router = APIRouter()

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            return PlainTextResponse("Not found", 404)
        return FileResponse(_FOLDER / name, media_type=STATIC[name])

    return router
