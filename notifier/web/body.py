"""Reading a request's body up to a limit, so that nobody can fill the memory."""

from __future__ import annotations

from fastapi import Request


class BodyTooLarge(Exception):
    """The body is larger than is taken; the words say how much is."""


async def read_body(request: Request, most: int) -> bytes:
    """The whole body, at most `most` bytes. Raises BodyTooLarge, before reading where the length is announced."""
    words = f"The body may hold {most // 1024:,} KB at most."
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise BodyTooLarge(words)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise BodyTooLarge(words)
        parts.append(part)
    return b"".join(parts)
