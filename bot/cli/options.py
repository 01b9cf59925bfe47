"""Define what the commands share: `--json`, the question, the running service, printed JSON."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from bot.printable import escape_json

_LONGEST_INPUT = 1_000_000
"""Bytes of standard input that are read: more than any question may have."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/json.md describes it.")]


def print_json(data: Any) -> None:
    """Print data as indented JSON to stdout, without control characters."""
    typer.echo(escape_json(json.dumps(data, ensure_ascii=False, indent=2)))


QuestionArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="QUESTION",
        help="Your question, in quotes; `-`, or no question behind a pipe, reads standard input.",
        show_default=False,
    ),
]


def read_question(argument: str | None) -> str:
    """Return the question of the argument, or that of standard input.

    Raises:
        BadParameter: there is none in either.
    """
    if argument not in {None, "-"}:
        return str(argument)
    if sys.stdin is None or (argument is None and sys.stdin.isatty()):
        raise typer.BadParameter("there is no question: write it in quotes, or pipe it in")
    text = sys.stdin.buffer.read(_LONGEST_INPUT).decode(errors="replace").strip()
    if not text and argument is None:
        raise typer.BadParameter("there is no question: write it in quotes, or pipe it in")
    return text
