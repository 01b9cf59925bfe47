"""Checks of what runs beside the index: Slack, and the health of `docent serve`."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence

from bot.control.client import ControlClient
from bot.settings import BotSettings
from ingest.settings import IngestSettings
from rag_core.errors import DocentError
from rag_core.models.known_answers import CheckResult

_SECONDS = 10.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (where it listens, not docent)
_LONGEST_ANSWER = 100_000


def check_slack_app(settings: BotSettings) -> Sequence[CheckResult]:
    """Check the Slack app with Slack, if it has any token."""
    if not (settings.slack_bot_token or settings.slack_app_token or settings.slack_signing_secret):
        return [
            CheckResult(
                "Slack",
                passed=True,
                says="not set up: run `docent init`, or `docent manifest` for the app",
                is_set_up=False,
            )
        ]
    import asyncio

    from bot.slack.doctor import check_slack

    return asyncio.run(check_slack(settings))


def check_discord_app(settings: BotSettings) -> Sequence[CheckResult]:
    """Check the Discord app with Discord, if it has a token."""
    if settings.discord_bot_token is None:
        return []
    import asyncio

    from bot.discord.doctor import check_discord

    return asyncio.run(check_discord(settings))


def check_health(bot_settings: BotSettings, index_settings: IngestSettings) -> CheckResult:
    """Check what `docent serve` on this machine says about itself."""
    try:
        is_running = ControlClient.find(index_settings) is not None
    except DocentError as error:
        return CheckResult("health", passed=False, says=str(error))
    if bot_settings.health_port is None:
        state = "runs" if is_running else "does not run"
        says = f"not set up: DOCENT_HEALTH_PORT is not set; `docent serve` {state} here"
        return CheckResult("health", passed=True, says=says, is_set_up=False)
    host = _ANY_ADDRESS.get(bot_settings.health_host, bot_settings.health_host)
    place = f"{host} port {bot_settings.health_port}"
    try:
        status, problems = _read_readiness(host, bot_settings.health_port)
    except (OSError, http.client.HTTPException, ValueError):
        if is_running:
            says = f"`docent serve` runs, but does not answer on {place}: see its log"
            return CheckResult("health", passed=False, says=says)
        says = f"`docent serve` does not run here: nothing answers on {place}"
        return CheckResult("health", passed=True, says=says, is_set_up=False)
    if status != http.client.OK or problems:
        says = "; ".join(f"{part}: {problem}" for part, problem in problems.items())
        return CheckResult("health", passed=False, says=says or f"it answered {status} on {place}")
    return CheckResult("health", passed=True, says=f"`docent serve` is ready on {place}")


def _read_readiness(host: str, port: int) -> tuple[int, dict[str, str]]:
    """Return the status of `/readyz`, and each part's problem."""
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        body = json.loads(response.read(_LONGEST_ANSWER))
        parts = body.get("parts", {}) if isinstance(body, dict) else {}
        problems = {str(name): str(text) for name, text in parts.items() if text != "ok"}
        return response.status, problems
    finally:
        connection.close()
