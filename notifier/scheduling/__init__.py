"""The clock: one tick a minute in UTC, in memory. What is due comes from our own tables, so a missed tick loses nothing.

`serve` runs scheduler, sending and web in one process. See docs/decisions for why APScheduler keeps no jobs of its own.
"""
