"""Call trace: counts each request to Slack by its method and its HTTP status."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp

from bot.health.metrics import Metrics

OTHER = "other"
"""Stands for addresses beside the Web API, such as response URLs, whose paths are secret."""

UNREACHABLE = "unreachable"
"""Stands for the status of a request without a response."""


def build_call_trace(metrics: Metrics, base_url: str) -> aiohttp.TraceConfig:
    """Build the trace of a session that counts each try."""

    async def count_response(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        ended: aiohttp.TraceRequestEndParams,
    ) -> None:
        method = get_method(str(ended.url), base_url)
        metrics.record_slack_call(method, str(ended.response.status))

    async def count_failure(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        failed: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        if not isinstance(failed.exception, asyncio.CancelledError):
            metrics.record_slack_call(get_method(str(failed.url), base_url), UNREACHABLE)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(count_response)
    trace.on_request_exception.append(count_failure)
    return trace


def get_method(url: str, base_url: str) -> str:
    """Return the Web API's method that a URL names; `other` for none."""
    called, base = urlsplit(url), urlsplit(base_url)
    method = called.path.removeprefix(base.path)
    is_api = called.hostname == base.hostname and called.path.startswith(base.path)
    return method if is_api and method and "/" not in method else OTHER
