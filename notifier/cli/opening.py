"""Opening the application for one command, and closing it: settings, log lines to standard error, channels.

Imports of heavy rooms stand inside the functions, so that `notifier --help` answers at once.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from notifier.cli.console import warn
from notifier.cli.moment import now

if TYPE_CHECKING:
    from notifier.services.application import Application
    from notifier.services.hand_over import Pace
    from notifier.settings import Settings

_Result = TypeVar("_Result")


@contextmanager
def application() -> Iterator[Application]:
    """The application, its database closed at the end. Raises ConfigurationError, DatabaseNotReady, OperationalError."""
    from notifier.services.application import load_application
    from notifier.services.memory import settle_memory
    from notifier.settings import load_settings

    settings = load_settings()
    log_to_stderr(settings)
    app = load_application(settings)
    settle_memory()
    try:
        yield app
    finally:
        app.database.close()


def with_channels(app: Application, work: Callable[[Pace], Awaitable[_Result]]) -> _Result:
    """Run asynchronous work to its end, and close every channel in the event loop that used it."""
    import asyncio
    import time

    from notifier.services.hand_over import Pace

    async def whole() -> _Result:
        try:
            began = time.monotonic()
            return await work(Pace(clock=now, sleep=asyncio.sleep, elapsed=lambda: time.monotonic() - began))
        finally:
            for channel in app.channels.values():
                await channel.close()

    return asyncio.run(whole())


def log_to_stderr(settings: Settings) -> None:
    """Send log lines to standard error in the configured form; exceptions plainly, without the values of variables."""
    import structlog

    plain = settings.log_format == "console"
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if plain:
        # rich tracebacks would print local variables, and with them names and numbers of families
        colours = sys.stderr.isatty()
        renderer: Any = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
        processors.append(renderer)
    else:
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(20),
        # asked for at every line: the stream of the moment, not that of the start
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def shown_database_url(url: str) -> str:
    """The database's address without its password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "an address that cannot be read"


def who() -> str:
    """Who is at the keyboard, for records: the login name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"


def missing_settings(app: Application, medium: str) -> list[str]:
    """What stands in the way of a medium, each naming its setting; empty where it is ready."""
    if medium not in app.misconfigured:
        return []
    found = app.settings.sms_problems() if medium == "sms" else app.settings.email_problems()
    return [f"{problem.key}: {problem.message}" for problem in found] or [app.misconfigured[medium]]


def warn_of_channels(app: Application) -> None:
    """Say on standard error what will not leave, and what reaches nobody."""
    for medium, name in (("sms", "Texts"), ("email", "E-mails")):
        if getattr(app.settings.channels, medium) == "simulator":
            warn(f'{name} go to the SIMULATOR: nothing reaches anybody (channels.{medium} = "simulator").')
        elif problems := missing_settings(app, medium):
            warn(f"{name} cannot leave:\n" + "\n".join(f"  {problem}" for problem in problems))
