"""Define the command that lists ratings: `docent feedback`."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from bot.storage.ratings import RatedAnswer

_SPAN = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(feedback)


def _parse_span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise typer.BadParameter("write a number and h, d or w, for example 7d")
    return int(match[1]) * _UNITS[match[2]]


Since = Annotated[
    timedelta,
    typer.Option(
        "--since", parser=_parse_span, metavar="SPAN", help="How far to look back: 24h, 7d, 4w."
    ),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")]


def feedback(*, since: Since = "7d", as_csv: AsCsv = False, as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """List the ratings that people gave in Slack, latest first."""
    from bot.cli import json_output, terminal

    found = _read_rated_answers(since)
    if as_json:
        print_json([json_output.serialise_rated_answer(one) for one in found])
    elif as_csv:
        typer.echo(_format_csv(found), nl=False)
    else:
        terminal.print_feedback(found)


def _read_rated_answers(since: timedelta) -> tuple[RatedAnswer, ...]:
    """By the state database alone; nothing is made where there is none."""
    from bot.settings import BotSettings
    from bot.storage.answers import Answers
    from bot.storage.ratings import Ratings
    from ingest.settings import IngestSettings
    from ingest.state.database import has_state_database, open_state

    url = IngestSettings.load().resolved_state_url
    if not has_state_database(url):
        return ()
    engine = open_state(url)
    try:
        answers = Answers(engine, days=BotSettings.load().keep_days)
        return Ratings(engine).list_since(datetime.now(UTC) - since, answers)
    finally:
        engine.dispose()


def _format_csv(found: tuple[RatedAnswer, ...]) -> str:
    from bot.cli import json_output

    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(json_output.RATED_COLUMNS)
    for one in found:
        writer.writerow(map(_escape_cell, json_output.build_csv_row(one)))
    return written.getvalue()


def _escape_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula, however it begins."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text[:1].isspace() or text[:1] in {"=", "+", "-", "@"} else text
