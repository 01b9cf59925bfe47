"""Define the command of the service: `docent serve`."""

from __future__ import annotations

import logging

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(serve)


def serve() -> None:
    """Run the bot and the schedule."""
    from bot.health.logs import set_level
    from bot.stop_signals import handle_early_stop

    set_level(logging.INFO)
    handle_early_stop()
    _require_valid_settings()
    from bot.service import run  # it takes seconds

    # It logs each variant of its library that it does not have.
    logging.getLogger("faiss").setLevel(logging.WARNING)
    run()


def _require_valid_settings() -> None:
    """Check the settings before the libraries are loaded, which takes seconds.

    Raises:
        SettingsError: a setting is not valid or missing.
    """
    from bot.door.rules import DoorRules
    from bot.settings import BotSettings
    from bot.slack.client.required_secrets import require_settings
    from ingest.cron import parse_schedule
    from ingest.settings import IngestSettings
    from ingest.sources import parse_sources
    from rag_core.extras import check_extra
    from rag_core.settings import RagSettings

    settings = BotSettings.load()
    require_settings(settings)
    if settings.mcp_port is not None:
        check_extra("mcp", "DOCENT_MCP_PORT")
        DoorRules.build(settings, settings.mcp_port)
    if settings.uses_discord:
        check_extra("discord", "DISCORD_BOT_TOKEN")
    RagSettings.load()
    index_settings = IngestSettings.load()
    parse_sources(index_settings.sources)
    parse_schedule(index_settings.sync_schedule, index_settings.timezone)
