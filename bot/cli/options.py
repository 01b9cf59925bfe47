"""Define what the commands share: the option `--json`, and the printing of JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from bot.printable import escape_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md describes it.")]


def print_json(data: Any) -> None:
    """Print data as indented JSON to stdout, without control characters."""
    typer.echo(escape_json(json.dumps(data, ensure_ascii=False, indent=2)))
