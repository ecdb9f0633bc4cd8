"""The garbage collector, set for a program that makes many objects in a burst and keeps most of what it loaded at the start.

Once a process, from the entry points: it concerns the whole process, not one application.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG_OBJECTS: Final = 20_000
"""New objects after which the collector looks for rubbish; Python's 700 had it look hundreds of times while one school was decided."""


def settle_memory() -> None:
    """Leave what has been loaded out of every later collection, and collect less often. A second call does nothing."""
    if gc.get_freeze_count() == 0:
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, 20, 20)
