"""The commands: entry points that ask for the time, open the application, call one service and show what came of it.

Start at `commands`; each command stands in the module of its subject. Nothing is decided here.
"""

from notifier.cli.commands import app, main

__all__ = ["app", "main"]
