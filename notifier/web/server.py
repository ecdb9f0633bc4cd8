"""The web server, which ends its live streams before it stops: an open staff page would hold it up for ever."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn


class Server(uvicorn.Server):
    """Uvicorn's server. `web.state.live` is the application's open streams, where it has any."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: first the streams, then everything that is being answered."""
        live: Any = getattr(getattr(self.config.app, "state", None), "live", None)
        if live is not None:
            live.close()
        await super().shutdown(sockets)
