"""A stand-in for Twilio that does nothing but answer, so that the benchmark measures our side.

It runs as a process of its own, speaks just enough HTTP/1.1 (keep-alive, Content-Length), and gives every POST a message SID of
its own inside a reply of about 900 bytes, as the real one has. It checks nothing: that is the Twilio double's work.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

_REPLY = (
    b'{"body":"Oakfield Primary: Maya is not in school today, Tue 24 Nov, and we do not know why. Please answer with the '
    b'reason or ring 01632960123.","num_segments":"1","direction":"outbound-api","from":"+447700900999",'
    b'"date_updated":"Tue, 24 Nov 2026 09:30:00 +0000","price":null,"error_message":null,"uri":"/2010-04-01/Accounts/'
    b'AC00000000000000000000000000000000/Messages/%b.json","account_sid":"AC00000000000000000000000000000000",'
    b'"num_media":"0","to":"+447700900010","date_created":"Tue, 24 Nov 2026 09:30:00 +0000","status":"queued","sid":"%b",'
    b'"date_sent":null,"messaging_service_sid":null,"error_code":null,"price_unit":"USD","api_version":"2010-04-01",'
    b'"subresource_uris":{"media":"/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages/%b/Media.json"}}'
)
_SID = b"SM%032x"
_HEAD = (
    b"HTTP/1.1 %b\r\nDate: Tue, 24 Nov 2026 09:30:00 GMT\r\nContent-Type: application/json;charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n"
)
_CREATED = _HEAD % (b"201 CREATED", len(_REPLY % ((_SID % 0,) * 3)))


class _Taken:
    """How many POSTs were answered; the next one's number makes its SID."""

    posts = 0


class _Answering(asyncio.Protocol):
    """One connection: every complete request in the buffer is answered, at once or after the asked-for delay."""

    def __init__(self, taken: _Taken, delay: float) -> None:
        self._taken = taken
        self._delay = delay
        self._waiting = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is complete, keep what is not."""
        buffer = self._waiting + data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(buffer, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(buffer) < whole:
                break
            self._answer(self._created() if buffer.startswith(b"POST") else self._count())
            buffer = buffer[whole:]
        self._waiting = buffer

    def _created(self) -> bytes:
        self._taken.posts += 1
        sid = _SID % self._taken.posts
        return _CREATED + _REPLY % (sid, sid, sid)

    def _count(self) -> bytes:
        words = b"%d" % self._taken.posts
        return _HEAD % (b"200 OK", len(words)) + words

    def _answer(self, reply: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, reply)
        else:
            self._transport.write(reply)


async def _serve(delay: float) -> None:
    taken = _Taken()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Answering(taken, delay), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def running(latency_ms: float = 0.0) -> Iterator[str]:
    """Run the stub as a process of its own; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.stub", "--latency-ms", str(latency_ms)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line.isdecimal():
            raise RuntimeError("the local stub did not start; run: python -m bench.stub")
        yield f"http://127.0.0.1:{line}"
    finally:
        process.terminate()
        process.wait(10)


def posts_taken(url: str) -> int:
    """How many POSTs the stub at that address has answered."""
    with urllib.request.urlopen(f"{url}/taken", timeout=10) as answer:
        return int(answer.read())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args().latency_ms / 1000))
