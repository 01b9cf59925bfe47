"""Runs a command of docent in this process."""

from __future__ import annotations

import contextlib
import io
import logging
import sys

from bot import cli


def run(*args: str) -> str:
    """What a command prints: both streams, and the log of `--verbose`."""
    out, err = io.StringIO(), io.StringIO()
    root, before, words = logging.getLogger(), logging.getLogger().handlers[:], sys.argv
    root.handlers, sys.argv = [], ["docent", *args]
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.suppress(SystemExit),
        ):
            cli.main()
    finally:
        root.handlers, sys.argv = before, words
    return out.getvalue() + err.getvalue()
