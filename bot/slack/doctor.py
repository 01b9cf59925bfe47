"""`docent doctor --slack`: tokens, scopes and settings, checked against the live workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.settings import BotSettings, parse_ids
from bot.slack.client import connection
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.required_secrets import require_settings, reveal_secret
from rag_core.errors import DocentError
from rag_core.models.known_answers import CheckResult

SCOPES = {
    "app_mentions:read": "mentions",
    "assistant:write": "suggested prompts",
    "channels:history": "threads in channels",
    "channels:read": "names of channels, and questions while docent was away",
    "chat:write": "answers",
    "commands": "/docent and /reindex",
    "files:read": "shared files",
    "groups:history": "threads in private channels",
    "groups:read": "the same for private channels",
    "im:history": "direct messages",
    "im:read": "direct messages while docent was away",
    "mpim:history": "group direct messages",
    "mpim:read": "the same for group direct messages",
    "reactions:read": "DOCENT_EMOJI",
    "reactions:write": "a thumb for thanks",
    "usergroups:read": "user groups in DOCENT_ADMINS",
    "users:read": "who people are, and their language; without it docent can't tell guests from "
    "members, and answers both",
}
"""The bot scopes in `slack-manifest.yaml`, and the features that need each."""

APPS_URL = "https://api.slack.com/apps"
TIMEOUT_SECONDS = 15.0

_INVITE = "In Slack, open the channel and type /invite @docent."
_REINSTALL = (
    f"On {APPS_URL}, choose docent, App Manifest, paste what `docent manifest` prints, save, then "
    "Install App, Reinstall."
)


async def check_slack(settings: BotSettings) -> list[CheckResult]:
    """Check all that must be right before people can ask; post nothing."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = connection.build_quick_client(settings, session)
        try:
            require_settings(settings)
            identity = await connection.identify(client)
        except DocentError as error:
            return [CheckResult("bot token", passed=False, says=str(error))]
        results = [
            CheckResult(
                "bot token", passed=True, says=f"docent is {identity.bot_user} in this workspace"
            )
        ]
        results.append(await _check_scopes(client))
        results.append(await _check_transport(settings, client))
        for variable, channel in _list_channels(settings):
            results.append(await _check_channel(variable, channel, client))
        for variable, name in _list_users(settings):
            results.append(await _check_user(variable, name, client))
        return [*results, *_list_remarks(settings)]


async def _check_scopes(client: AsyncWebClient) -> CheckResult:
    response = await client.auth_test()
    granted = _read_granted_scopes(response.headers)
    if granted is None:
        return CheckResult("scopes", passed=True, says="Slack does not say which were granted")
    missing = [scope for scope in SCOPES if scope not in granted]
    if missing:
        without = ", ".join(f"{scope} ({SCOPES[scope]})" for scope in missing)
        return CheckResult("scopes", passed=False, says=f"missing: {without}. {_REINSTALL}")
    others = sorted(granted - set(SCOPES))
    says = f"all {len(SCOPES)} are granted"
    return CheckResult(
        "scopes", passed=True, says=f"{says}, and {', '.join(others)}" if others else says
    )


def _read_granted_scopes(headers: Mapping[str, Any]) -> frozenset[str] | None:
    for name, value in headers.items():
        if name.lower() == "x-oauth-scopes":
            return frozenset(scope.strip() for scope in str(value).split(",") if scope.strip())
    return None


async def _check_transport(settings: BotSettings, client: AsyncWebClient) -> CheckResult:
    if settings.http_port is not None:
        return CheckResult(
            "HTTP mode",
            passed=True,
            says=f"docent listens on port {settings.http_port} of {settings.http_host}; Slack "
            "checks the signing secret, which is set",
        )
    try:
        await connection.check_app_token(client, reveal_secret(settings.slack_app_token))
    except DocentError as error:
        return CheckResult("app token", passed=False, says=str(error))
    return CheckResult("app token", passed=True, says="Slack opens a socket for it")


def _list_channels(settings: BotSettings) -> Iterator[tuple[str, str]]:
    settings_by_variable = {
        "DOCENT_ADMIN_CHANNEL": settings.admin_channel,
        "DOCENT_HELP_CHANNEL": settings.help_channel,
        "DOCENT_AUTO_CHANNELS": settings.auto_channels,
        "DOCENT_ALLOWED_CHANNELS": settings.allowed_channels,
    }
    for variable, value in settings_by_variable.items():
        for channel in sorted(parse_ids(value)):
            yield variable, channel


async def _check_channel(variable: str, channel: str, client: AsyncWebClient) -> CheckResult:
    """Check that docent is in a channel.

    Reading the channel's last message needs no further scope.
    """
    code = await _fetch_error_code(client.conversations_history(channel=channel, limit=1))
    sentences = {
        "": "docent is a member",
        "not_in_channel": f"docent is not a member. {_INVITE}",
        "channel_not_found": "there is no such channel, or it is private and docent is not a "
        f"member. Its id is at the end of the channel's details. {_INVITE}",
    }
    return CheckResult(f"{variable} {channel}", passed=not code, says=sentences.get(code, code))


def _list_users(settings: BotSettings) -> Iterator[tuple[str, str]]:
    settings_by_variable = {
        "DOCENT_ADMINS": settings.admins,
        "DOCENT_ALLOWED_USERS": settings.allowed_users,
    }
    for variable, value in settings_by_variable.items():
        for name in sorted(parse_ids(value)):
            yield variable, name


async def _check_user(variable: str, name: str, client: AsyncWebClient) -> CheckResult:
    is_group = name.startswith("S")
    code = await _fetch_error_code(
        client.usergroups_users_list(usergroup=name) if is_group else client.users_info(user=name)
    )
    unknown = f"Slack knows no such {'user group' if is_group else 'user'}: copy the id again from "
    where = (
        "the group's page, under the three dots." if is_group else "the profile, Copy member ID."
    )
    sentences = {
        "": "is known",
        "user_not_found": unknown + where,
        "no_such_subteam": unknown + where,
    }
    return CheckResult(f"{variable} {name}", passed=not code, says=sentences.get(code, code))


async def _fetch_error_code(call: Awaitable[AsyncSlackResponse]) -> str:
    """Return Slack's error code for a call; empty if it succeeded."""
    try:
        await call
    except SLACK_FAILURES as error:
        return get_error_code(error) or f"Slack can't be reached ({type(error).__name__})"
    return ""


def _list_remarks(settings: BotSettings) -> Iterator[CheckResult]:
    if not settings.admins.strip():
        yield CheckResult(
            "DOCENT_ADMINS", passed=True, says="is empty, so docent accepts no commands for admins"
        )
