"""Define the command that writes `.env`: `docent init`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from rag_core.english import format_count

if TYPE_CHECKING:
    from collections.abc import Mapping

ENV_FILE = Path(".env")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(init)


def init(  # noqa: PLR0913  (the options, by name)
    *,
    sources: Annotated[
        list[str] | None,
        typer.Option(help="A folder, archive, repository or website; may be repeated."),
    ] = None,
    profile: Annotated[
        Literal["starter", "qwen3"] | None, typer.Option(help="Models that run on this machine.")
    ] = None,
    embedding_url: Annotated[str, typer.Option(help="Server that embeds instead.")] = "",
    embedding_model: Annotated[str, typer.Option(help="Its model.")] = "",
    rerank_url: Annotated[str, typer.Option(help="Server that reranks instead.")] = "",
    reranker_model: Annotated[str, typer.Option(help="Its model.")] = "",
    llm_url: Annotated[
        str, typer.Option(help="Base URL of the LLM's server; without it, OpenAI's.")
    ] = "",
    llm_key: Annotated[str, typer.Option(help="Key of the LLM.")] = "",
    llm_model: Annotated[str, typer.Option(help="Name of the LLM.")] = "",
    slack_bot_token: Annotated[str, typer.Option(help="Bot token, xoxb-...")] = "",
    slack_app_token: Annotated[str, typer.Option(help="App-level token, xapp-...")] = "",
    slack_signing_secret: Annotated[
        str, typer.Option(help="Signing secret of HTTP mode, in place of the app-level token.")
    ] = "",
    http_port: Annotated[str, typer.Option(help="Port of HTTP mode.", metavar="PORT")] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; may be repeated."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Whether docent tries what you give it.")
    ] = True,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing, and replace what .env says.")
    ] = False,
) -> None:
    """Ask for sources, models, LLM and Slack, and write .env.

    The options answer questions in advance. With --yes, or without a terminal, nothing is asked.
    """
    from bot.setup.choices import format_sources

    given = {
        "DOCENT_SOURCES": format_sources(sources or []),
        "DOCENT_PROFILE": profile or "",
        "DOCENT_EMBEDDING_URL": embedding_url,
        "DOCENT_EMBEDDING_MODEL": embedding_model,
        "DOCENT_RERANK_URL": rerank_url,
        "DOCENT_RERANKER_MODEL": reranker_model,
        "OPENAI_BASE_URL": llm_url,
        "OPENAI_API_KEY": llm_key,
        "DOCENT_LLM_MODEL": llm_model,
        "SLACK_BOT_TOKEN": slack_bot_token,
        "SLACK_APP_TOKEN": slack_app_token,
        "SLACK_SIGNING_SECRET": slack_signing_secret,
        "DOCENT_HTTP_PORT": http_port,
    }
    values = {name: value.strip() for name, value in given.items() if value.strip()}
    values |= _parse_settings(setting or [])
    try:
        _write_choices(
            values,
            should_check=check,
            should_ask=not yes and _has_terminal(),
            may_replace=yes,
        )
    except (KeyboardInterrupt, typer.Abort, EOFError):
        typer.echo("\nStopped. Nothing was written.", err=True)
        raise typer.Exit(130) from None  # the exit code of shells for Ctrl-C


def _has_terminal() -> bool:
    # A stream is None if it was closed before docent was started.
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _parse_settings(words: list[str]) -> dict[str, str]:
    """Parse `NAME=VALUE`; refuse names that are not settings."""
    from bot.setup.choices import list_names

    values, names = {}, list_names()
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or name not in names:
            raise typer.BadParameter(f"{name} is not a setting of docent: write --set NAME=VALUE")
        values[name] = value
    return values


def _write_choices(
    given: dict[str, str], *, should_check: bool, should_ask: bool, may_replace: bool
) -> None:
    """Complete and check the choices, and write them."""
    from bot.cli.init_dialogue import ask_for_choices
    from bot.setup.choices import require_choices
    from bot.setup.env_file import parse_env, read_env_file, update_env, write_env_file
    from bot.setup.server_keys import require_own_keys
    from bot.setup.setting_faults import require_valid

    text = read_env_file(ENV_FILE)
    written = parse_env(text)
    if should_ask:
        choices = ask_for_choices(given, written, should_check=should_check)
    else:
        choices = given
        require_choices(choices, {**written, **os.environ})
        require_valid(choices)
        require_own_keys(choices, written)
        if should_check:
            _require_checks(choices)
    values = {name: value for name, value in choices.items() if written.get(name, "") != value}
    if should_ask:
        _confirm(values, written)
    elif not may_replace:
        _refuse_changes(values, written)
    if values:
        write_env_file(ENV_FILE, update_env(text, values))
    _print_end(values, written | values)


def _require_checks(values: dict[str, str]) -> None:
    from bot.cli import terminal
    from bot.setup.choices import check_choices
    from rag_core.errors import SettingsError

    results = terminal.print_checks(check_choices(values))
    if failed := [result for result in results if not result.passed]:
        raise SettingsError(
            f"Nothing was written, because {format_count(len(failed), 'check')} failed: correct "
            "the options, or add --no-check."
        )


def _refuse_changes(values: dict[str, str], written: Mapping[str, str]) -> None:
    from bot.setup.choices import find_changes
    from rag_core.errors import SettingsError

    if changes := find_changes(values, written):
        raise SettingsError(
            f".env has {', '.join(changes)} already: add --yes to replace what it says."
        )


def _confirm(values: dict[str, str], written: Mapping[str, str]) -> None:
    """Show what is written, and ask for a yes.

    Raises:
        Abort: the person does not want it.
    """
    from bot.cli.console import err
    from bot.setup.choices import list_names

    if not values:
        return
    err.print("\n.env will have:", style="bold")
    secrets = list_names()
    for name, value in values.items():
        is_secret = secrets.get(name, True)
        shown = "(hidden)" if is_secret and value else value or "(empty)"
        old = written.get(name)
        before = "" if old is None else f"  (now {'another' if is_secret else old})"
        err.print(Text(f"  {name}={shown}{before}"), soft_wrap=True)
    typer.confirm("Write it?", default=True, abort=True, err=True)


def _print_end(values: dict[str, str], settings: Mapping[str, str]) -> None:
    """Print what was written, and the next command."""
    from bot.cli.console import err, out
    from bot.setup.choices import find_overridden

    names = format_count(len(values), "setting")
    line = (
        f"docent wrote {names} to .env, which only you can read."
        if values
        else ".env is as it was."
    )
    err.print(f"\n{line}", soft_wrap=True)
    for name in find_overridden(values):
        line = f"{name} is set in the environment, too, and that value counts."
        err.print(Text(line, style="yellow"), soft_wrap=True)
    has_sources = settings.get("DOCENT_SOURCES") or os.environ.get("DOCENT_SOURCES")
    out.print(f"Next: docent index{'' if has_sources else ' path/to/docs'}")
    err.print('Then: docent ask "Your question"', style="dim")
    if settings.get("SLACK_BOT_TOKEN"):
        err.print("      docent serve", style="dim")
