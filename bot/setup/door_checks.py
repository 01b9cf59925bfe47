"""The check of the port for programs."""

from __future__ import annotations

import http.client
import json

from bot.door.rules import DoorRules
from bot.settings import BotSettings
from rag_core.errors import SettingsError
from rag_core.models.known_answers import CheckResult

_SECONDS = 5.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (where it listens, not docent)
_PATH = "/v1/openapi.json"
_NAME = "programs"


def check_door(settings: BotSettings) -> CheckResult:
    """Check who may call the port, and whether docent answers."""
    if settings.mcp_port is None:
        says = "not set up: DOCENT_MCP_PORT is not set, so no MCP over HTTP and no /v1"
        return CheckResult(_NAME, passed=True, says=says, is_set_up=False)
    try:
        rules = DoorRules.build(settings, settings.mcp_port)
    except SettingsError as error:
        return CheckResult(_NAME, passed=False, says=str(error))
    callers = _describe_callers(rules)
    place = f"{rules.host} port {rules.port}"
    try:
        version = _read_version(rules)
    except (OSError, http.client.HTTPException, ValueError):
        says = f"{callers}; nothing answers on {place}: `docent serve` does not run here"
        return CheckResult(_NAME, passed=True, says=says, is_set_up=False)
    if not version:
        says = f"another program answers on {place}: set DOCENT_MCP_PORT to another port"
        return CheckResult(_NAME, passed=False, says=says)
    return CheckResult(_NAME, passed=True, says=f"{callers}; docent answers on {place}")


def _describe_callers(rules: DoorRules) -> str:
    if not rules.needs_proof:
        return "every program on this machine may call"
    proofs = [f"the token of {name}" for name in rules.tokens]
    proofs += ["Slack's signature"] if rules.signing_secret else []
    return f"callers need {' or '.join(proofs)}"


def _read_version(rules: DoorRules) -> str:
    """Return docent's version; empty if another program answers."""
    host = _ANY_ADDRESS.get(rules.host, rules.host)
    connection = http.client.HTTPConnection(host, rules.port, timeout=_SECONDS)
    token = next(iter(rules.tokens.values()), "")
    headers = {"Host": "localhost", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        connection.request("GET", _PATH, headers=headers)
        response = connection.getresponse()
        if response.status == http.client.UNAUTHORIZED and not token:
            return "unknown" if response.headers.get("Server") == "docent" else ""
        described = json.loads(response.read(1_000_000))
    finally:
        connection.close()
    info = described.get("info") if isinstance(described, dict) else None
    is_docent = isinstance(info, dict) and info.get("title") == "docent"
    return str(info.get("version", "")) if is_docent and isinstance(info, dict) else ""
