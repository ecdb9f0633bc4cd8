"""`notifier serve`: scheduler, sending and web in one process."""

from __future__ import annotations

import uvicorn

from notifier.scheduling.clock import Scheduler, utc_now
from notifier.services.application import load_application
from notifier.services.memory import settle_memory
from notifier.settings import Settings
from notifier.web.app import build_app
from notifier.web.server import Server


def run(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped. Raises ConfigurationError and DatabaseNotReady before anything begins."""
    application = load_application(settings)
    scheduler = Scheduler(application)
    web = build_app(application, clock=utc_now, wake=scheduler.wake)
    # proxy headers are not trusted: staff pages judge by the true peer, and signatures by the configured address
    # no log of requests: the address of an answer page holds the right to answer for a carer
    server = Server(
        uvicorn.Config(
            web, host=host, port=port, log_config=None, access_log=False, proxy_headers=False, server_header=False
        )
    )
    settle_memory()
    scheduler.start()
    try:
        server.run()
    finally:
        scheduler.stop()
        application.database.close()
