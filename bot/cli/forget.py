"""Define the command that deletes what is known of a person: `docent forget`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from bot.storage.forgetting import Forgotten

_LABELS = {
    "questions": "Questions",
    "answers": "Answers",
    "ratings": "Ratings",
    "audit": "Audit log entries",
    "settings": "Channel settings (kept without the person's id)",
    "claims": "Delivery records",
    "quotations": "Answers to others, emptied because they may hold the person's words",
}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(forget)


def _parse_id(letters: str, name: str, text: str) -> str:
    text = text.strip().strip("<@>").upper()
    if not re.fullmatch(rf"[{letters}][A-Z0-9]{{1,63}}", text):
        raise typer.BadParameter(f"write Slack's id of the {name}, such as {letters[0]}012AB3CD")
    return text


def _parse_user(text: str) -> str:
    return _parse_id("UW", "user", text)


def _parse_team(text: str) -> str:
    return _parse_id("TE", "workspace", text) if text else ""


def forget(
    user: Annotated[
        str, typer.Argument(parser=_parse_user, metavar="USER", help="Slack's id: U012AB3CD.")
    ],
    *,
    team: Annotated[
        str,
        typer.Option(
            "--team", parser=_parse_team, metavar="TEAM", help="Only the person of this workspace."
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the numbers and delete nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete questions, answers, ratings and audit texts of a person."""
    forgotten = _forget(user, team, is_dry_run=dry_run)
    if as_json:
        print_json({"user": user, "team": team, "dry_run": dry_run, **forgotten.as_json()})
        return
    typer.echo(f"Would delete for {user}:" if dry_run else f"Deleted for {user}:")
    for name, number in forgotten.as_json().items():
        typer.echo(f"  {_LABELS[name]}: {number:,}")


def _forget(user: str, team: str, *, is_dry_run: bool) -> Forgotten:
    """Delete in the state database; never create it."""
    from bot.storage.forgetting import forget_person
    from ingest.errors import StateError
    from ingest.settings import IngestSettings
    from ingest.state.database import has_state_database, open_state, redact_url

    url = IngestSettings.load().resolved_state_url
    if not has_state_database(url):
        raise StateError(
            f"There is no state database at {redact_url(url)}: run this in docent's "
            "folder, or set DOCENT_STATE_URL."
        )
    engine = open_state(url)
    try:
        return forget_person(engine, user, team=team, is_dry_run=is_dry_run)
    finally:
        engine.dispose()
