"""The rules of the door, from the settings: tokens, host names, and whether a proof is needed."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from bot.settings import BotSettings
from bot.slack.client.required_secrets import reveal_secret
from rag_core.errors import SettingsError

LEAST_TOKEN = 16
"""Characters of the shortest token: a shorter one can be guessed."""

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_OWN_NAMES = ("local", "signed")
"""Names of callers without a token."""


@dataclass(frozen=True, slots=True)
class DoorRules:
    """The rules of the door.

    Attributes:
        host: the address on which it listens.
        port: its port.
        hosts: the names by which it may be called, in lower case.
        tokens: the bearer tokens, by the name of their caller.
        signing_secret: Slack's; empty if its signature proves nothing here.
        needs_proof: False if everyone on this machine may call.
        calls: most calls of one caller at a time.
    """

    host: str
    port: int
    hosts: frozenset[str]
    tokens: dict[str, str]
    signing_secret: str
    needs_proof: bool
    calls: int

    @classmethod
    def build(cls, settings: BotSettings, port: int) -> DoorRules:
        """Build the rules.

        Args:
            settings: address, names, tokens and secret.
            port: the port of the door.

        Raises:
            SettingsError: a token or name is not valid, or strangers could call without a proof.
        """
        tokens = parse_tokens(reveal_secret(settings.mcp_tokens))
        names = _parse_hosts(settings.mcp_hosts)
        has_slack = bool(reveal_secret(settings.slack_bot_token))
        secret = reveal_secret(settings.slack_signing_secret) if has_slack else ""
        host = settings.mcp_host.strip().strip("[]").lower()
        is_local = is_loopback(host)
        needs_proof = bool(tokens or names or not is_local)
        if needs_proof and not tokens and not secret:
            raise SettingsError(
                "Strangers could reach DOCENT_MCP_PORT: set DOCENT_MCP_TOKENS, or "
                "SLACK_SIGNING_SECRET for Slackbot."
            )
        if not is_local and not names:
            raise SettingsError(
                f"DOCENT_MCP_HOST={settings.mcp_host} listens beyond this machine: set "
                "DOCENT_MCP_HOSTS to the names by which programs call it."
            )
        return cls(
            host=host,
            port=port,
            hosts=frozenset((*_LOCAL_NAMES, *names, *([host] if is_local else []))),
            tokens=tokens,
            signing_secret=secret,
            needs_proof=needs_proof,
            calls=settings.mcp_calls,
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def parse_tokens(setting: str) -> dict[str, str]:
    """Parse the bearer tokens, by the name of their caller.

    Raises:
        SettingsError: one has no name, is too short, or two have the same name.
    """
    tokens: dict[str, str] = {}
    for number, entry in enumerate(re.split(r"[\s,]+", setting.strip()), start=1):
        if not entry:
            continue
        name, colon, token = entry.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise SettingsError(
                f"Token {number} of DOCENT_MCP_TOKENS has no name: write `name:token`, such as "
                "`ci:` and the token."
            )
        if len(token) < LEAST_TOKEN:
            raise SettingsError(
                f"The token {name} of DOCENT_MCP_TOKENS is too short: take at least "
                f"{LEAST_TOKEN} characters, such as from `openssl rand -hex 24`."
            )
        if name in _OWN_NAMES:
            raise SettingsError(f"DOCENT_MCP_TOKENS can't name a caller {name}: take another name.")
        if token in tokens.values():
            raise SettingsError(
                f"The token {name} of DOCENT_MCP_TOKENS is another caller's, too: each needs its "
                "own."
            )
        if name in tokens:
            raise SettingsError(f"DOCENT_MCP_TOKENS names {name} twice: each needs its own name.")
        tokens[name] = token
    return tokens


def _parse_hosts(setting: str) -> frozenset[str]:
    """Parse the names of hosts.

    Raises:
        SettingsError: one is not a name, such as an address with a scheme or a port.
    """
    words = (word.lower() for word in re.split(r"[\s,]+", setting) if word)
    names = frozenset(word.strip("[]") for word in words)
    for name in names:
        if not (_HOST.fullmatch(name) or _is_address(name)):
            raise SettingsError(
                f"DOCENT_MCP_HOSTS has {name}, which is not a host name: write it without https:// "
                "and without a port."
            )
    return names
