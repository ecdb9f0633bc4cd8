"""An event loop in a thread of its own, for the test servers that ship with the channels.

A test, a demo or a benchmark is ordinary code that must not share its event loop with the server it talks to.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs an event loop in a daemon thread. `start`, then `run` coroutines from any thread, then `stop`."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def start(self) -> None:
        """Start the thread. Once only."""
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], *, timeout: float = 30.0) -> T:
        """Run `work` in the thread's loop and return its result. Raises what it raises, or TimeoutError after `timeout` seconds."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def stop(self) -> None:
        """Cancel what still runs, close the loop and wait for the thread to end."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)


class Listener(ABC):
    """A server on 127.0.0.1 in a thread of its own, for tests. Use as a context manager, or call `start` and `stop`.

    A kind of server says how it listens (`_listen`, which sets `port`) and how it ends (`_shut`).
    """

    thread_name = "listener"

    def __init__(self, port: int) -> None:
        self.port = port
        self._thread: LoopThread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. With `port` 0 a free one is chosen; read it from `port` afterwards."""
        self._thread = LoopThread(self.thread_name)
        self._thread.start()
        self._thread.run(self._listen())

    def stop(self) -> None:
        """Stop listening, and drop what is still going on."""
        if self._thread is not None:
            self._thread.run(self._shut())
            self._thread.stop()
            self._thread = None

    @abstractmethod
    async def _listen(self) -> None: ...

    @abstractmethod
    async def _shut(self) -> None: ...
