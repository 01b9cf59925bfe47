"""Logs: a line for each event, with the question's id, for people or as JSON.

An error that docent raises on purpose is a sentence, so it takes one line. An error that was not
expected has a traceback, and with `--verbose` every error has one. A line for people never breaks
inside its message, and what follows it is indented, so that no text of others looks like a line.
"""

from __future__ import annotations

import copy
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any

from bot.health.redaction import Redactor
from bot.printable import escape_controls, escape_json, strip_controls
from bot.settings import LogFormat
from rag_core.errors import DocentError
from rag_core.request_id import REQUEST_ID

PLAIN = "%(asctime)s %(levelname)s %(name)s: %(request)s%(message)s"

OWN = ("bot", "docent", "ingest", "rag_core")
"""The loggers of docent.

Those of all other packages are heard from WARNING on: some log whole URLs, with any password or
token in them, and others the steps of their work.
"""

_logger = logging.getLogger(__name__)

_PEERS = frozenset({"aiohttp", "slack_sdk"})
"""Packages whose errors say that Slack refused something or can't be reached."""


def prepare_logging(
    level: int, log_format: LogFormat = "plain", *, with_tracebacks: bool = False
) -> None:
    """Send all log lines to stderr in one format.

    Args:
        level: the lowest level that is logged.
        log_format: lines for people, or a JSON object a line.
        with_tracebacks: also give expected errors a traceback.
    """
    handler = logging.StreamHandler()
    is_json = log_format == "json"
    inner = build_json_formatter() if is_json else logging.Formatter(PLAIN)
    formatter = LineFormatter(inner, with_tracebacks=with_tracebacks, is_json=is_json)
    formatter.redactor = Redactor.load()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler])
    set_level(level)
    # Python would print these by itself, as they are.
    logging.captureWarnings(capture=True)
    threading.excepthook = _report_failed_thread
    sys.unraisablehook = _report_unraisable


def set_level(level: int) -> None:
    """Set the lowest level that is logged.

    Other packages are heard from WARNING on at most.
    """
    logging.getLogger().setLevel(max(level, logging.WARNING))
    for name in OWN:
        logging.getLogger(name).setLevel(level if level < logging.WARNING else logging.NOTSET)


def _report_failed_thread(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None and failure.exc_type is not SystemExit:
        name = failure.thread.name if failure.thread else "without a name"
        _logger.error("The thread %s failed.", name, exc_info=failure.exc_value)


def _report_unraisable(failure: sys.UnraisableHookArgs) -> None:
    _logger.error("An error was ignored.", exc_info=failure.exc_value)


def build_json_formatter() -> logging.Formatter:
    """Build the formatter of JSON lines, which loads its library."""
    from pythonjsonlogger.core import RESERVED_ATTRS
    from pythonjsonlogger.json import JsonFormatter

    return JsonFormatter(
        ["time", "levelname", "name", "message", "request_id"],
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        reserved_attrs=[*RESERVED_ATTRS, "request"],
        json_ensure_ascii=False,
    )


class LineFormatter(logging.Formatter):
    """Adds the question's id to a record, and shortens expected errors, for another formatter.

    The record itself stays as it is, since other handlers get it too. The line has no control
    characters and no secrets.

    Args:
        inner: the formatter of the line.
        with_tracebacks: also give expected errors a traceback.
        is_json: whether the inner formatter writes JSON.
    """

    def __init__(
        self, inner: logging.Formatter, *, with_tracebacks: bool = False, is_json: bool = False
    ) -> None:
        super().__init__()
        self._inner = inner
        self._with_tracebacks = with_tracebacks
        self._is_json = is_json
        self.redactor = Redactor(())

    def format(self, record: logging.LogRecord) -> str:
        """Render a record with the inner formatter."""
        line: Any = copy.copy(record)
        request_id = REQUEST_ID.get()
        line.time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line.request_id = request_id
        line.request = f"[{request_id}] " if request_id else ""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line.error = _describe_error(error)
            if is_expected(error) and not self._with_tracebacks:
                line.msg, line.args = f"{record.getMessage()} {line.error}", ()
                line.exc_info = line.exc_text = None
        if self._is_json:
            return self.redactor.redact(escape_json(self._inner.format(line)))
        line.msg, line.args = escape_controls(line.getMessage()), ()
        first, *rest = strip_controls(self._inner.format(line)).split("\n")
        return self.redactor.redact("\n".join([first, *(f"  {row}" for row in rest)]))


def is_expected(error: BaseException) -> bool:
    """Return True if an error's own words say enough: docent's, and Slack's."""
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, DocentError) or bool(packages & _PEERS)


def _describe_error(error: BaseException) -> str:
    """Return class and words of an error on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
