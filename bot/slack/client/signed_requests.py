"""Signed requests: Slack's signature over the raw body, checked before the body is parsed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bot.http_server import HttpLimits, RefusedError, read_body
from bot.slack.client.payloads import is_well_formed

MAX_AGE_SECONDS = 5 * 60
"""Slack's own limit for the age of a request."""

SIGNATURE_HEADER = "X-Slack-Signature"

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_MOST_FIELDS = 100


class SignatureCheck:
    """Checks Slack's signature of a request.

    Args:
        secret: the signing secret.
        clock: the time, in seconds since 1970.
    """

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def read_headers(self, request: web.BaseRequest) -> tuple[str, str]:
        """Return the time stamp and the signature, before the body is read.

        Raises:
            RefusedError: one is missing or malformed, or the time is not now.
        """
        timestamp = _read_header(request, "X-Slack-Request-Timestamp", _TIMESTAMP)
        signature = _read_header(request, SIGNATURE_HEADER, _SIGNATURE)
        # Before the body is read: what can't be Slack's costs nothing.
        if abs(self._clock() - int(timestamp)) > MAX_AGE_SECONDS:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "an old or future time stamp")
        return timestamp, signature

    def check(self, timestamp: str, signature: str, body: bytes) -> None:
        """Check the signature of a body.

        Args:
            timestamp: of the request, as its header has it.
            signature: likewise.
            body: the raw body.

        Raises:
            RefusedError: it is not Slack's.
        """
        base = b"v0:" + timestamp.encode() + b":" + body
        computed = "v0=" + hmac.new(self._secret, base, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(computed, signature):
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "a wrong signature")


class RequestReader:
    """Reads the payloads of requests that Slack has signed, and refuses all others."""

    def __init__(self, secret: str, clock: Callable[[], float], limits: HttpLimits) -> None:
        """Take what a request is checked with.

        Args:
            secret: the signing secret.
            clock: the time, in seconds since 1970.
            limits: for the body.
        """
        self._signature = SignatureCheck(secret, clock)
        self._limits = limits

    async def read_payload(self, request: web.BaseRequest) -> dict[str, Any]:
        """Return the payload of a request.

        Raises:
            RefusedError: it is not signed by Slack, or no payload.
        """
        timestamp, signature = self._signature.read_headers(request)
        body = await read_body(request, self._limits)
        self._signature.check(timestamp, signature, body)
        payload = parse_payload(body, request.content_type)
        if "command" in payload and not payload.get("trigger_id"):
            # A command that is replayed is known by its identity, and here has no other.
            payload["trigger_id"] = signature
        return payload


def parse_payload(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the payload of a body: JSON, or a form.

    Raises:
        RefusedError: it is none.
    """
    try:
        text = body.decode()
        payload: Any
        if content_type == "application/json":
            payload = _parse_json(text)
        elif content_type == "application/x-www-form-urlencoded":
            payload = _parse_form(text)
        else:
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the content type")
    except (ValueError, RecursionError) as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a body that can't be read") from error
    if isinstance(payload, dict) and is_well_formed(payload):
        return payload
    raise RefusedError(HTTPStatus.BAD_REQUEST, "a body that is not a payload of Slack's")


def _parse_form(text: str) -> dict[str, Any]:
    """Return the JSON of a form, or the fields of a command."""
    pairs = urllib.parse.parse_qsl(
        text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
    )
    fields = _build_object(pairs)
    return _parse_json(fields["payload"]) if "payload" in fields else fields


def _parse_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_build_object, parse_constant=_refuse_constant)


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, unless a key stands there twice.

    It could mean one thing here and another thing elsewhere.
    """
    built = dict(pairs)
    if len(built) != len(pairs):
        raise ValueError("a key stands there twice")
    return built


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read_header(request: web.BaseRequest, name: str, form: re.Pattern[str]) -> str:
    """Return the value of a header, which may stand there once."""
    values = request.headers.getall(name, [])
    if len(values) != 1 or not form.fullmatch(values[0]):
        raise RefusedError(HTTPStatus.UNAUTHORIZED, f"no good {name}")
    return values[0]
