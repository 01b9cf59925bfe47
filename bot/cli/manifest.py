"""Define the command that prints the manifest of the Slack app: `docent manifest`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(manifest)


def manifest(
    *,
    url: Annotated[
        str,
        typer.Option(
            help="Public https:// address of docent, for HTTP mode; without it, Socket Mode.",
        ),
    ] = "",
    slackbot: Annotated[
        str,
        typer.Option(
            help="Public https:// address of DOCENT_MCP_PORT, so that Slackbot can ask docent.",
        ),
    ] = "",
    link: Annotated[
        bool,
        typer.Option("--link", help="Print the address where Slack makes the app from it."),
    ] = False,
) -> None:
    """Print the manifest of the Slack app for these settings."""
    from bot.settings import BotSettings
    from bot.slack.manifest import build_manifest, build_new_app_url

    text = build_manifest(BotSettings.load(), url, slackbot)
    typer.echo(build_new_app_url(text) if link else text, nl=link)
