"""Runs a command of docent in this process."""

from __future__ import annotations

import contextlib
import io
import logging
import sys

from bot import cli
from bot.health.logs import OWN


def run(*args: str) -> str:
    """What a command prints: both streams, and the log of `--verbose`."""
    return "".join(_run(*args)[:2])


def run_for_result(*args: str) -> str:
    """What a command prints for a program: its result, or why it failed."""
    out, err, code = _run(*args)
    return err if code else out


def _run(*args: str) -> tuple[str, str, object]:
    out, err, code = io.StringIO(), io.StringIO(), None
    root, before, words = logging.getLogger(), logging.getLogger().handlers[:], sys.argv
    # The levels as well, since a fixture of a whole module may run a command.
    levels = {name: logging.getLogger(name).level for name in ("", *OWN)}
    root.handlers, sys.argv = [], ["docent", *args]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as ended:
        code = ended.code
    finally:
        root.handlers, sys.argv = before, words
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    return out.getvalue(), err.getvalue(), code
