"""Define the command for editors and other programs: `docent mcp`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(mcp)


def mcp(
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder with docent's .env, where the client starts it in another one.",
        ),
    ] = None,
) -> None:
    """Serve Claude Code, Cursor and other MCP clients."""
    from ingest.settings import IngestSettings
    from rag_core.errors import SettingsError
    from rag_core.extras import check_extra
    from rag_core.settings import RagSettings

    check_extra("mcp", "docent mcp")
    if folder is not None:
        try:
            os.chdir(folder)
        except OSError as error:
            raise SettingsError(f"The folder {folder} can't be used: {error.strerror}.") from error
    RagSettings.load()
    IngestSettings.load()
    if sys.stdin is not None and sys.stdin.isatty():
        typer.echo(
            "docent waits for an MCP client on standard input. docs/mcp.md says how to add it to "
            "yours. Press Ctrl-C to stop.",
            err=True,
        )
    from bot.mcp.stdio import run

    run()
