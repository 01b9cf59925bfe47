"""The command line: `docent index | ask | search | eval | feedback | status | doctor | serve`.

Each group of commands has a file. Heavy imports stay inside the commands to keep `--help` quick.
"""

from __future__ import annotations

import logging
import sys
from importlib import metadata
from typing import Annotated, NoReturn

import typer

from bot.cli import ask, evaluate, feedback, index, serve
from bot.cli.unknown_settings import find_misspelt_settings
from rag_core.errors import DocentError

app = typer.Typer(
    name="docent",
    help="Answer questions from your documentation, with sources.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

logger = logging.getLogger("docent")


def main() -> None:
    """Run the command line.

    A failure prints one sentence on stderr and exits with code 1.
    """
    # Accept --verbose behind the command, too.
    words = sys.argv[1:]
    verbose = "--verbose" in words
    args = [word for word in words if word != "--verbose"]
    try:
        app(["--verbose", *args] if verbose else args)
    except DocentError as error:
        if verbose:
            logger.exception("The command failed")
        _exit_with_error(str(error))
    except Exception as error:
        # The outermost edge: only --verbose shows a stack trace.
        if verbose:
            logger.exception("The command failed")
        _exit_with_error(
            f"The command failed unexpectedly ({type(error).__name__}): run it again with "
            "--verbose to see where."
        )


def _exit_with_error(sentence: str) -> NoReturn:
    typer.echo(f"docent: {sentence}", err=True)
    raise SystemExit(1)


def _print_version(*, requested: bool) -> None:
    """Print the version if `--version` was given; typer calls this."""
    if requested:
        typer.echo(f"docent {metadata.version('docent')}")
        raise typer.Exit


@app.callback()
def apply_global_options(
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log each step, with stack traces.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version of docent.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Answer questions from your documentation, with sources."""
    del version
    level = logging.INFO if verbose else logging.CRITICAL
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # httpx logs whole URLs, with any password or token in them.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for name, likely_name in find_misspelt_settings().items():
        typer.echo(
            f"docent: there is no setting {name}, so docent ignores it. Do you mean {likely_name}?",
            err=True,
        )


for group in (index, ask, evaluate, feedback, serve):
    group.register(app)
