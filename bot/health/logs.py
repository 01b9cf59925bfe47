"""Logs: a line for each event, with the question's id, for people or as JSON.

An error that docent raises on purpose is a sentence, so it takes one line. An error that was not
expected has a traceback, and with `--verbose` every error has one.
"""

from __future__ import annotations

import copy
import logging
from datetime import UTC, datetime
from typing import Any

from bot.settings import LogFormat
from rag_core.errors import DocentError
from rag_core.request_id import REQUEST_ID

PLAIN = "%(asctime)s %(levelname)s %(name)s: %(request)s%(message)s"

_WORDY = ("httpx", "httpx2", "httpcore", "httpcore2", "alembic", "apscheduler")
"""Loggers that are heard from WARNING on.

The first log whole URLs, with any password or token in them; the others tell only the steps of
their work.
"""

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
    inner = logging.Formatter(PLAIN) if log_format == "plain" else build_json_formatter()
    handler.setFormatter(LineFormatter(inner, with_tracebacks=with_tracebacks))
    logging.basicConfig(level=level, handlers=[handler])
    for name in _WORDY:
        logging.getLogger(name).setLevel(logging.WARNING)
    if log_format == "json":  # else Python prints them by itself
        logging.captureWarnings(capture=True)


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

    The record itself stays as it is, since other handlers get it too.
    """

    def __init__(self, inner: logging.Formatter, *, with_tracebacks: bool = False) -> None:
        super().__init__()
        self._inner = inner
        self._with_tracebacks = with_tracebacks

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
        return self._inner.format(line)


def is_expected(error: BaseException) -> bool:
    """Return True if an error's own words say enough: docent's, and Slack's."""
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, DocentError) or bool(packages & _PEERS)


def _describe_error(error: BaseException) -> str:
    """Return class and words of an error on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
