"""Notifier: same-day absence contact for schools in England.

A morning flows one way through the house: marks come in by `registers`, `services.take_in` keeps them, `domain`
decides, `wording` finds the words, `store` remembers, `services.hand_over` gives messages to `channels`, and what
comes back is laid before staff. Start reading at `docs/dataflow.md`.
"""

__version__ = "0.1.0"
