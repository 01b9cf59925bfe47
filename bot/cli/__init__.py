"""The command line: `docent init | index | ask | search | eval | doctor | serve` and others.

Each group of commands has a file. Heavy imports stay inside the commands to keep `--help` quick.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

from bot.cli import ask, doctor, evaluate, feedback, forget, index, init, manifest, mcp, serve
from bot.cli.help import CommandGroup
from bot.cli.unknown_settings import find_misspelt_settings
from bot.health.logs import prepare_logging
from bot.health.redaction import Redactor
from bot.printable import join_lines
from bot.private_files import PRIVATE_UMASK, check_env_file, make_private
from bot.settings import LogFormat, LogSettings
from ingest.settings import IngestSettings
from rag_core import __version__
from rag_core.errors import DocentError, SettingsError

app = typer.Typer(
    name="docent",
    cls=CommandGroup,
    help="Answer questions from your documentation, with sources.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

logger = logging.getLogger("docent")

_FULL = {errno.ENOSPC, errno.EDQUOT}


def main() -> None:
    """Run the command line.

    A failure prints one sentence on stderr and exits with code 1.
    """
    os.umask(PRIVATE_UMASK)
    # Accept --verbose behind the command, too.
    words = sys.argv[1:]
    verbose = "--verbose" in words
    args = [word for word in words if word != "--verbose"]
    try:
        app(["--verbose", *args] if verbose else args)
    except Exception as error:
        # The outermost edge: only --verbose shows a stack trace.
        if verbose:
            logger.exception("The command failed")
        _exit_with_error(_explain_failure(error))
    finally:
        _discard_unwritten()


def _discard_unwritten() -> None:
    """Discard what a full disk or a closed pipe did not take.

    Python would try again at its end, print the stack trace, and exit with 120.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _explain_failure(error: Exception) -> str:
    if isinstance(error, DocentError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _FULL:  # standard output may be a file, too
        return "There is no space left on the disk: free some, and run the command again."
    return (
        f"The command failed unexpectedly ({type(error).__name__}): run it again with --verbose "
        "to see where."
    )


def _exit_with_error(sentence: str) -> NoReturn:
    with contextlib.suppress(OSError):  # standard error may be full or closed as well
        _print_line(logging.ERROR, Redactor.load().redact(sentence))
    raise SystemExit(1)


def _print_line(level: int, sentence: str) -> None:
    """Print a sentence on stderr, or log it where logs are JSON."""
    try:
        is_json = LogSettings.load().log_format == "json"
    except SettingsError:
        is_json = False
    if is_json:
        logger.log(level, sentence)
    else:
        typer.echo(f"docent: {join_lines(sentence)}", err=True)


def _print_version(*, requested: bool) -> None:
    """Print the version if `--version` was given; typer calls this."""
    if requested:
        typer.echo(f"docent {__version__}")
        raise typer.Exit


@app.callback()
def apply_global_options(
    context: typer.Context,
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
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
    warning = check_env_file()
    level = logging.INFO if verbose else logging.CRITICAL
    # `init` mends settings and `doctor` explains them, so a wrong one does not keep them from it.
    is_lenient = context.invoked_subcommand in {"init", "doctor"}
    log_format = _load_log_format("plain" if is_lenient else None)
    prepare_logging(level, log_format, with_tracebacks=verbose)
    logger.setLevel(logging.INFO)  # its lines are what every command says on stderr
    # `doctor` says it in its line about the settings.
    if warning and (verbose or context.invoked_subcommand == "serve"):
        _print_line(logging.WARNING, warning)
    _make_files_private()
    for name, likely_name in find_misspelt_settings().items():
        _print_line(
            logging.WARNING,
            f"there is no setting {name}, so docent ignores it. Do you mean {likely_name}?",
        )


def _load_log_format(fallback: LogFormat | None) -> LogFormat:
    try:
        return LogSettings.load().log_format
    except SettingsError:
        if fallback is None:
            raise
        return fallback


def _make_files_private() -> None:
    """Make docent's files private, unless the settings are not valid."""
    try:
        settings = IngestSettings.load()
    except SettingsError:
        return
    for line in make_private(settings):
        _print_line(logging.WARNING, line)


for group in (init, manifest, index, ask, evaluate, feedback, forget, doctor, mcp, serve):
    group.register(app)
