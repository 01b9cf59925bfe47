"""Define what the commands share: the option `--json`, and the printing of JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md describes it.")]


def print_json(data: Any) -> None:
    """Print data as indented JSON to stdout."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
