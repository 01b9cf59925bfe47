"""`docent mcp`: the server for one client, over standard input and output."""

from __future__ import annotations

import asyncio
import signal

from bot.calls.local import LocalLibrary
from bot.mcp.server import build_server


def run() -> None:
    """Serve the client until it closes standard input."""
    # The thread that reads standard input would keep the process alive.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    library = LocalLibrary()
    try:
        asyncio.run(build_server(library).run_stdio_async())
    finally:
        library.close()
