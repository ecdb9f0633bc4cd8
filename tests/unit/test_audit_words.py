"""Every act that is written into the audit has words for people."""

from __future__ import annotations

import re

from notifier.services.audit import ACTS


def test_every_act_in_the_code_has_words(repository):
    written = set()
    for file in (repository / "notifier").rglob("*.py"):
        written |= set(re.findall(r'\bact=f?"([a-z_]+(?:\.[a-z_]+)?)"', file.read_text(encoding="utf-8")))
    assert {"follow_up.confirm", "messages.export"} <= written
    assert written - set(ACTS) == set()
