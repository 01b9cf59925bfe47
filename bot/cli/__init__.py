"""The command line: `docent index | ask | search | eval | feedback | status | doctor | serve`.

A file per group of commands. Heavy imports stay inside the commands, so that `--help` is quick.
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
    """Run the command line; failures are one sentence on stderr and exit code 1."""
    # `docent ask "..." --verbose` is as good as `docent --verbose ask "..."`.
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
        # The outermost edge: a trace is for --verbose.
        if verbose:
            logger.exception("The command failed")
        _exit_with_error(
            f"The command failed unexpectedly ({type(error).__name__}): run it again with "
            "--verbose to see where."
        )


def _exit_with_error(sentence: str) -> NoReturn:
    typer.echo(f"docent: {sentence}", err=True)
    raise SystemExit(1)


def _print_version(*, wanted: bool) -> None:
    """Called by typer with the value of `--version`."""
    if wanted:
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
    # It logs whole addresses, with whatever password or token stands in them.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for given, meant in find_misspelt_settings().items():
        typer.echo(
            f"docent: there is no setting {given}, so docent ignores it. Do you mean {meant}?",
            err=True,
        )


for group in (index, ask, evaluate, feedback, serve):
    group.register(app)
