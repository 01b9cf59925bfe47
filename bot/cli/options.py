"""What the commands share: the option for JSON, and how JSON is printed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as docs/cli.md documents it.")]


def print_json(shape: Any) -> None:
    """Print data as indented JSON to stdout."""
    typer.echo(json.dumps(shape, ensure_ascii=False, indent=2))
