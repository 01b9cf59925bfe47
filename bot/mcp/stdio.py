"""`docent mcp`: the server for one client, over standard input and output."""

from __future__ import annotations

import asyncio

from bot.calls.local import LocalLibrary
from bot.mcp.server import build_server


def run() -> None:
    """Serve the client until it closes standard input."""
    library = LocalLibrary()
    try:
        asyncio.run(build_server(library).run_stdio_async())
    finally:
        library.close()
