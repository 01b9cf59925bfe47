"""`docent doctor --slack`: tokens, scopes and settings, checked against the live workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.settings import BotSettings, names
from bot.slack.client import connection
from bot.slack.client.api_errors import SLACK_FAILURES, code
from rag_core.errors import DocentError
from rag_core.models.known_answers import Check

SCOPES = {
    "app_mentions:read": "mentions",
    "assistant:write": "suggested prompts",
    "channels:history": "threads in channels",
    "chat:write": "answers",
    "commands": "/docent and /reindex",
    "groups:history": "threads in private channels",
    "im:history": "direct messages",
    "mpim:history": "group direct messages",
    "reactions:read": "DOCENT_EMOJI",
    "usergroups:read": "user groups in DOCENT_ADMINS",
    "users:read": "the language of people",
}
"""Bot scopes, as `slack-manifest.yaml` asks for them, and what is missing without each."""

APPS = "https://api.slack.com/apps"
SECONDS = 15.0

_INVITE = "In Slack, open the channel and type /invite @docent."
_REINSTALL = (
    f"On {APPS}, choose docent, App Manifest, paste today's slack-manifest.yaml, save, then "
    "Install App, Reinstall."
)


async def check_slack(settings: BotSettings) -> list[Check]:
    """Everything that has to be right before people can ask; nothing is posted."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = connection.quick_client(settings, session)
        try:
            connection.require_settings(settings)
            identity = await connection.identify(client)
        except DocentError as error:
            return [Check("bot token", passed=False, says=str(error))]
        found = [
            Check("bot token", passed=True, says=f"docent is {identity.bot_user} in this workspace")
        ]
        found.append(await _scopes(client))
        found.append(await _transport(settings, client))
        for variable, channel in _channels(settings):
            found.append(await _channel(variable, channel, client))
        for variable, name in _people(settings):
            found.append(await _person(variable, name, client))
        return [*found, *_remarks(settings)]


async def _scopes(client: AsyncWebClient) -> Check:
    response = await client.auth_test()
    granted = _granted(response.headers)
    if granted is None:
        return Check("scopes", passed=True, says="Slack does not say which were granted")
    missing = [scope for scope in SCOPES if scope not in granted]
    if missing:
        without = ", ".join(f"{scope} ({SCOPES[scope]})" for scope in missing)
        return Check("scopes", passed=False, says=f"missing: {without}. {_REINSTALL}")
    more = sorted(granted - set(SCOPES))
    says = f"all {len(SCOPES)} are granted"
    return Check("scopes", passed=True, says=f"{says}, and {', '.join(more)}" if more else says)


def _granted(headers: Mapping[str, Any]) -> frozenset[str] | None:
    for name, value in headers.items():
        if name.lower() == "x-oauth-scopes":
            return frozenset(scope.strip() for scope in str(value).split(",") if scope.strip())
    return None


async def _transport(settings: BotSettings, client: AsyncWebClient) -> Check:
    if settings.http_port is not None:
        return Check("HTTP mode", passed=True, says="the signing secret is set; Slack checks it")
    try:
        await connection.check_app_token(client, connection.secret(settings.slack_app_token))
    except DocentError as error:
        return Check("app token", passed=False, says=str(error))
    return Check("app token", passed=True, says="Slack opens a socket for it")


def _channels(settings: BotSettings) -> Iterator[tuple[str, str]]:
    listed = {
        "DOCENT_ADMIN_CHANNEL": settings.admin_channel,
        "DOCENT_HELP_CHANNEL": settings.help_channel,
        "DOCENT_AUTO_CHANNELS": settings.auto_channels,
        "DOCENT_ALLOWED_CHANNELS": settings.allowed_channels,
    }
    for variable, value in listed.items():
        for channel in sorted(names(value)):
            yield variable, channel


async def _channel(variable: str, channel: str, client: AsyncWebClient) -> Check:
    """Whether docent is in it: reading a channel's last message needs no further scope."""
    says = await _refusal(client.conversations_history(channel=channel, limit=1))
    told = {
        "": "docent is a member",
        "not_in_channel": f"docent is not a member. {_INVITE}",
        "channel_not_found": "there is no such channel, or it is private and docent is not a "
        f"member. Its id is at the end of the channel's details. {_INVITE}",
    }
    return Check(f"{variable} {channel}", passed=not says, says=told.get(says, says))


def _people(settings: BotSettings) -> Iterator[tuple[str, str]]:
    listed = {"DOCENT_ADMINS": settings.admins, "DOCENT_ALLOWED_USERS": settings.allowed_users}
    for variable, value in listed.items():
        for name in sorted(names(value)):
            yield variable, name


async def _person(variable: str, name: str, client: AsyncWebClient) -> Check:
    group = name.startswith("S")
    says = await _refusal(
        client.usergroups_users_list(usergroup=name) if group else client.users_info(user=name)
    )
    unknown = f"Slack knows no such {'user group' if group else 'user'}: copy the id again from "
    where = "the group's page, under the three dots." if group else "the profile, Copy member ID."
    told = {"": "is known", "user_not_found": unknown + where, "no_such_subteam": unknown + where}
    return Check(f"{variable} {name}", passed=not says, says=told.get(says, says))


async def _refusal(call: Awaitable[AsyncSlackResponse]) -> str:
    """Slack's word for why not; empty where it did it."""
    try:
        await call
    except SLACK_FAILURES as error:
        return code(error) or f"Slack can't be reached ({type(error).__name__})"
    return ""


def _remarks(settings: BotSettings) -> Iterator[Check]:
    if not settings.admins.strip():
        yield Check(
            "DOCENT_ADMINS", passed=True, says="is empty, so docent accepts no commands for admins"
        )
