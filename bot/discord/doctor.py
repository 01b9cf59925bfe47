"""`docent doctor --discord`: token, intent, servers and permissions, checked with Discord."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.discord.invitation import build_invitation, list_missing_permissions
from bot.settings import BotSettings, parse_ids
from rag_core import __version__
from rag_core.models.known_answers import CheckResult

API_URL = "https://discord.com/api/v10"
PORTAL = "https://discord.com/developers/applications"
TIMEOUT_SECONDS = 15.0

_MESSAGE_CONTENT = 1 << 18 | 1 << 19  # of an app with many users, and of any other
_FORUM = 15
_PAGE = 200  # servers in one answer
_ID = re.compile(r"\d{15,25}")
_NO_ID = "is not an id: switch on Developer Mode in Discord's advanced settings, then Copy ID."


@dataclass(frozen=True, slots=True)
class _Reply:
    """The answer of Discord to one call; the status is 0 if there was none."""

    status: int
    body: Any = None
    problem: str = ""


class _Api:
    """Reads from Discord's API as the bot."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self._session = session
        self._headers = {
            "Authorization": f"Bot {token}",
            "User-Agent": f"DiscordBot (docent-bot, {__version__})",
        }

    async def fetch(self, path: str) -> _Reply:
        """Fetch what stands at a path."""
        try:
            async with self._session.get(f"{API_URL}{path}", headers=self._headers) as response:
                if response.status < 400:
                    return _Reply(response.status, await response.json())
                problem = f"Discord answered with status {response.status}; try again in a moment."
                return _Reply(response.status, problem=problem)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return _Reply(0, problem=f"Discord can't be reached ({type(error).__name__}).")


async def check_discord(settings: BotSettings) -> list[CheckResult]:
    """Check all that must be right before people can ask; post nothing."""
    token = (
        settings.discord_bot_token.get_secret_value().strip() if settings.discord_bot_token else ""
    )
    if not token:
        says = f"DISCORD_BOT_TOKEN is not set: copy it from {PORTAL}, your app, Bot, Reset Token."
        return [CheckResult("Discord token", passed=False, says=says)]
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        api = _Api(session, token)
        app = await api.fetch("/applications/@me")
        if app.status != 200:
            return [CheckResult("Discord token", passed=False, says=_explain_refusal(app))]
        return [result async for result in _check_app(api, app.body, settings)]


def _explain_refusal(reply: _Reply) -> str:
    if reply.status in {401, 403}:
        return (
            f"Discord refused DISCORD_BOT_TOKEN: copy it again from {PORTAL}, your app, Bot, "
            "Reset Token."
        )
    return reply.problem


async def _check_app(
    api: _Api, app: Mapping[str, Any], settings: BotSettings
) -> AsyncIterator[CheckResult]:
    yield CheckResult("Discord token", passed=True, says=f"docent is the app {app.get('name')}")
    yield _check_intent(app, settings)
    guilds, problem = await _list_guilds(api)
    if problem:
        yield CheckResult("DOCENT_DISCORD_GUILDS", passed=False, says=problem)
    else:
        for result in _check_guilds(guilds, settings):
            yield result
    for forum in sorted(parse_ids(settings.discord_forums)):
        yield await _check_forum(api, forum, settings)
    async for result in _check_admins(api, guilds, settings):
        yield result
    yield CheckResult("invitation", passed=True, says=_describe_invitation(app))


def _describe_invitation(app: Mapping[str, Any]) -> str:
    link = build_invitation(str(app.get("id")))
    if not app.get("bot_public"):
        return link
    return f"{link} (anyone may use it: on {PORTAL}, Installation and Bot, you can switch that off)"


def _check_intent(app: Mapping[str, Any], settings: BotSettings) -> CheckResult:
    """Check the intent that follow-ups and forums need."""
    name = "message-content intent"
    variables = [
        variable
        for variable, is_set in (
            ("DOCENT_DISCORD_FOLLOW_UPS", settings.discord_follow_ups),
            ("DOCENT_DISCORD_FORUMS", bool(settings.discord_forums.strip())),
        )
        if is_set
    ]
    is_on = bool(int(app.get("flags") or 0) & _MESSAGE_CONTENT)
    if variables and not is_on:
        says = (
            f"is off, though {' and '.join(variables)} needs it: on {PORTAL}, your app, Bot, "
            "switch on Message Content Intent."
        )
        return CheckResult(name, passed=False, says=says)
    says = "is on" if is_on else "is off, and no setting needs it"
    return CheckResult(name, passed=True, says=says)


async def _list_guilds(api: _Api) -> tuple[dict[str, Mapping[str, Any]], str]:
    """Return docent's servers by their ids, and a problem if any."""
    guilds: dict[str, Mapping[str, Any]] = {}
    after = "0"
    while True:
        reply = await api.fetch(f"/users/@me/guilds?limit={_PAGE}&after={after}")
        if reply.status != 200:
            return {}, reply.problem
        guilds |= {str(guild["id"]): guild for guild in reply.body}
        if len(reply.body) < _PAGE:
            return guilds, ""
        after = max(guilds, key=int)


def _check_guilds(
    guilds: Mapping[str, Mapping[str, Any]], settings: BotSettings
) -> Sequence[CheckResult]:
    named = sorted(parse_ids(settings.discord_guilds))
    if not named:
        says = "is empty, so docent answers direct messages only"
        return [CheckResult("DOCENT_DISCORD_GUILDS", passed=True, says=says)]
    results = [_check_guild(guild, guilds.get(guild)) for guild in named]
    if others := sorted(str(guilds[guild].get("name")) for guild in set(guilds) - set(named)):
        says = f"docent is also in {', '.join(others)}, where it does nothing"
        results.append(CheckResult("other servers", passed=True, says=says))
    return results


def _check_guild(guild_id: str, guild: Mapping[str, Any] | None) -> CheckResult:
    name = f"DOCENT_DISCORD_GUILDS {guild_id}"
    if not _ID.fullmatch(guild_id):
        return CheckResult(name, passed=False, says=_NO_ID)
    if guild is None:
        says = "docent is not in this server: someone who manages it must open the invitation."
        return CheckResult(name, passed=False, says=says)
    missing = list_missing_permissions(int(guild.get("permissions") or 0))
    if missing:
        says = (
            f"{guild.get('name')}: missing {', '.join(missing)}. Open the invitation again, or "
            "grant them to docent's role in the server's settings."
        )
        return CheckResult(name, passed=False, says=says)
    says = f"{guild.get('name')}: docent is a member with all permissions that it needs"
    return CheckResult(name, passed=True, says=says)


async def _check_forum(api: _Api, forum: str, settings: BotSettings) -> CheckResult:
    name = f"DOCENT_DISCORD_FORUMS {forum}"
    if not _ID.fullmatch(forum):
        return CheckResult(name, passed=False, says=_NO_ID)
    reply = await api.fetch(f"/channels/{forum}")
    if reply.status in {403, 404}:
        says = "there is no such channel, or docent may not see it: grant it View Channels there."
        return CheckResult(name, passed=False, says=says)
    if reply.status != 200:
        return CheckResult(name, passed=False, says=reply.problem)
    if reply.body.get("type") != _FORUM:
        says = (
            f"{reply.body.get('name')} is not a forum: mentions work there, answers to posts don't."
        )
        return CheckResult(name, passed=False, says=says)
    if str(reply.body.get("guild_id")) not in parse_ids(settings.discord_guilds):
        says = "belongs to a server that DOCENT_DISCORD_GUILDS does not name: add its id there."
        return CheckResult(name, passed=False, says=says)
    return CheckResult(name, passed=True, says=f"{reply.body.get('name')} is a forum")


async def _check_admins(
    api: _Api, guilds: Mapping[str, Mapping[str, Any]], settings: BotSettings
) -> AsyncIterator[CheckResult]:
    admins = sorted(parse_ids(settings.discord_admins))
    if not admins:
        says = "is empty, so docent accepts no commands for admins"
        yield CheckResult("DOCENT_DISCORD_ADMINS", passed=True, says=says)
        return
    roles = await _list_roles(api, sorted(parse_ids(settings.discord_guilds) & set(guilds)))
    for admin in admins:
        yield await _check_admin(api, admin, roles)


async def _list_roles(api: _Api, guilds: Sequence[str]) -> dict[str, str]:
    """Return the names of the servers' roles by their ids."""
    replies = [await api.fetch(f"/guilds/{guild}/roles") for guild in guilds]
    bodies = [reply.body for reply in replies if reply.status == 200]
    return {str(role["id"]): str(role["name"]) for body in bodies for role in body}


async def _check_admin(api: _Api, admin: str, roles: Mapping[str, str]) -> CheckResult:
    name = f"DOCENT_DISCORD_ADMINS {admin}"
    if not _ID.fullmatch(admin):
        return CheckResult(name, passed=False, says=_NO_ID)
    if admin in roles:
        return CheckResult(name, passed=True, says=f"is the role {roles[admin]}")
    reply = await api.fetch(f"/users/{admin}")
    if reply.status == 404:
        says = "Discord knows no such user, and no such role in the servers: copy the id again."
        return CheckResult(name, passed=False, says=says)
    if reply.status != 200:
        return CheckResult(name, passed=False, says=reply.problem)
    return CheckResult(name, passed=True, says=f"is the user {reply.body.get('username')}")
