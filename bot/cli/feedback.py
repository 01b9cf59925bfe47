"""Define the command that lists ratings: `docent feedback`."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, print_json
from bot.printable import strip_controls

if TYPE_CHECKING:
    from bot.storage.ratings import RatedAnswer

_SPAN = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

_FORMULA_SIGNS = frozenset({"=", "+", "-", "@", "\N{MINUS SIGN}"})
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a pattern that look like a space


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
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


def feedback(
    *,
    since: Since = "7d",  # type: ignore[assignment]
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the ratings that people gave in Slack, latest first."""
    from bot.cli import json_output, terminal

    rated = _read_rated_answers(since)
    if as_json:
        print_json([json_output.serialise_rated_answer(answer) for answer in rated])
    elif as_csv:
        typer.echo(_format_csv(rated), nl=False)
    else:
        terminal.print_feedback(rated)


def _read_rated_answers(since: timedelta) -> tuple[RatedAnswer, ...]:
    """Read the state database; do not create it if there is none."""
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


def _format_csv(rated: tuple[RatedAnswer, ...]) -> str:
    from bot.cli import json_output

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(json_output.RATED_COLUMNS)
    for answer in rated:
        writer.writerow(map(_escape_cell, json_output.build_csv_row(answer)))
    return buffer.getvalue()


def _escape_cell(text: str) -> str:
    """Escape a text that a spreadsheet would take for a formula.

    Spreadsheets skip signs without a width, and read the full-width forms of signs, too.
    """
    text = strip_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    first = next((sign for sign in text if not _is_unseen(sign)), "")
    is_formula = unicodedata.normalize("NFKC", first) in _FORMULA_SIGNS
    return f"'{text}" if is_formula or text[:1].isspace() else text


def _is_unseen(sign: str) -> bool:
    """Return True for blanks, joiners and other signs without a width."""
    return sign.isspace() or sign in _BLANKS or unicodedata.category(sign) in {"Cc", "Cf", "Mn"}
