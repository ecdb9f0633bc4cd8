"""The garbage collector, set for a program that makes many objects in a burst and keeps most of what it loaded at the start.

Once a process, from the entry points: it concerns the whole process, not one application.
"""

from __future__ import annotations

import gc
import threading
from typing import Final

YOUNG_OBJECTS: Final = 20_000
"""New objects after which the collector looks for rubbish; Python's 700 had it look hundreds of times while one school was decided."""

_settled = threading.Event()


def settle_memory() -> None:
    """Leave what has been loaded out of every later collection, and collect less often. A second call does nothing.

    The collector's own count of what it left out would tell as well, but takes a second in a large process.
    """
    if not _settled.is_set():
        _settled.set()
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, 20, 20)
