"""The proofs of who calls: a bearer token, Slack's signature, or a call from this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from bot.calls.requests import Caller
from bot.door.rules import DoorRules
from bot.http_server import HttpLimits, RefusedError, read_body
from bot.slack.client.signed_requests import SIGNATURE_HEADER, SignatureCheck

SIGNED_CALLER = "signed"
"""The name of a caller whose request Slack has signed without a person in it."""

_NO_PERSON = "Slack has not said who asks, so docent can't answer."

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


class SlackAdmission(Protocol):
    """Says whether a person of Slack may ask."""

    async def refuse_person(self, user: str, team: str, enterprise: str) -> str:
        """Return the sentence that refuses a person; empty if they may ask.

        Args:
            user: id of the person.
            team: id of their team, as Slack says it.
            enterprise: id of their enterprise; empty for none.

        Returns:
            The sentence.
        """


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose caller is known.

    Attributes:
        caller: who calls.
        body: the whole body.
        refusal: the sentence that refuses the caller's questions; empty if they may ask.
    """

    caller: Caller
    body: bytes
    refusal: str = ""


class Proofs:
    """Finds out who calls, before anything else is done."""

    def __init__(
        self,
        rules: DoorRules,
        admission: SlackAdmission | None,
        *,
        limits: HttpLimits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Check requests by these rules.

        Args:
            rules: names, tokens and secret.
            admission: asked about people of Slack; None without Slack.
            limits: for the body.
            clock: the time, in seconds since 1970.
        """
        self._rules = rules
        self._admission = admission
        self._limits = limits
        self._digests = {name: _hash(token) for name, token in rules.tokens.items()}
        self._signature = None
        if rules.signing_secret and admission is not None:
            self._signature = SignatureCheck(rules.signing_secret, clock)

    async def identify(self, request: web.BaseRequest) -> Call:
        """Return who calls, with the body.

        Raises:
            RefusedError: a stranger calls, or the request is not one that docent reads.
        """
        self._check_names(request)
        if token := _read_token(request):
            caller = self._find_token(token)
            return Call(caller, await read_body(request, self._limits))
        if self._signature is not None and SIGNATURE_HEADER in request.headers:
            timestamp, signature = self._signature.read_headers(request)
            body = await read_body(request, self._limits)
            self._signature.check(timestamp, signature, body)
            return await self._identify_person(body)
        if self._rules.needs_proof:
            raise _build_stranger("no proof")
        return Call(Caller(), await read_body(request, self._limits))

    def _check_names(self, request: web.BaseRequest) -> None:
        """Refuse names that are not docent's, and pages of other sites."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or _parse_host(hosts[0]) not in self._rules.hosts:
            raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, "an unknown host name")
        origins = request.headers.getall("Origin", [])
        if any(_read_host(origin) not in self._rules.hosts for origin in origins):
            raise RefusedError(HTTPStatus.FORBIDDEN, "another site's page")

    def _find_token(self, token: str) -> Caller:
        """Return the caller of a token; compare all, each in constant time."""
        digest, found = _hash(token), ""
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        if not found:
            raise _build_stranger("an unknown token")
        return Caller(found)

    async def _identify_person(self, body: bytes) -> Call:
        """Return the person whom Slack names in its body."""
        person = _read_person(body)
        if person is None:
            return Call(Caller(SIGNED_CALLER), body, _NO_PERSON)
        user, team = str(person.get("user_id") or ""), str(person.get("team_id") or "")
        refusal = ""
        if self._admission is not None:
            enterprise = str(person.get("enterprise_id") or "")
            refusal = await self._admission.refuse_person(user, team, enterprise)
        return Call(Caller(user, team), body, refusal)


def _read_token(request: web.BaseRequest) -> str:
    """Return the bearer token; empty without one."""
    values = request.headers.getall("Authorization", [])
    if not values:
        return ""
    found = _BEARER.fullmatch(values[0].strip())
    if len(values) > 1 or found is None:
        raise _build_stranger("a broken Authorization header")
    return found[1]


def _read_person(body: bytes) -> Mapping[str, Any] | None:
    """Return `_meta.slack` of a message of MCP; None without one."""
    try:
        message: Any = json.loads(body)
        person = message["params"]["_meta"]["slack"]
    except (ValueError, RecursionError, KeyError, TypeError, IndexError):
        return None
    return person if isinstance(person, dict) else None


def _parse_host(header: str) -> str:
    """Return the name in a Host header; '' without one."""
    found = _HOST.fullmatch(header)
    return found[1].strip("[]").lower() if found else ""


def _read_host(address: str) -> str:
    """Return the host of an address, in lower case."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _build_stranger(reason: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.UNAUTHORIZED, reason, headers={"WWW-Authenticate": 'Bearer realm="docent"'}
    )
