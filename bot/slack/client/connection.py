"""Connection to Slack: builds the clients and checks settings and tokens before connecting."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.middleware.authorization.async_single_team_authorization import (
    AsyncSingleTeamAuthorization,
)
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import SlackUnavailableError
from bot.settings import BotSettings
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.payload_check import PayloadCheck
from bot.slack.client.rate_limit import wait_out_429
from bot.slack.client.required_secrets import SECRET_PLACES, reveal_secret


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids of docent's user, its workspace, and the workspace's enterprise (empty for none)."""

    bot_user: str
    team: str
    enterprise: str = ""


def build_app(settings: BotSettings, session: aiohttp.ClientSession) -> AsyncApp:
    """Build the Bolt app; its client waits and retries after a 429."""
    app = AsyncApp(
        name="docent",
        token=reveal_secret(settings.slack_bot_token),
        signing_secret=reveal_secret(settings.slack_signing_secret),
    )
    # Set on Bolt's own client: Bolt logs a warning at every start if it is given a client.
    app.client.base_url = build_base_url(settings)
    app.client.session = session
    wait_out_429(app.client)
    app.use(PayloadCheck())
    return app


def build_quick_client(settings: BotSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Build a client that never retries.

    A retry could append the same text to a stream twice.
    """
    return AsyncWebClient(
        token=reveal_secret(settings.slack_bot_token),
        base_url=build_base_url(settings),
        session=session,
        retry_handlers=[],
    )


async def identify(client: AsyncWebClient, *, app: AsyncApp | None = None) -> Identity:
    """Return the identity that the bot token belongs to.

    The app remembers it, if one is given.

    Raises:
        SlackUnavailableError: Slack refused the token or can't be reached.
    """
    response = await _check_call("SLACK_BOT_TOKEN", client.auth_test(), client)
    if app is not None:
        _remember_identity(app, response)
    return Identity(
        bot_user=str(response["user_id"]),
        team=str(response["team_id"]),
        enterprise=str(response.get("enterprise_id") or ""),
    )


def _remember_identity(app: AsyncApp, response: AsyncSlackResponse) -> None:
    """Tell Bolt the identity of the bot token.

    Its own call before the first event may fail, and the event would be lost.
    """
    for middleware in app._async_middleware_list:  # noqa: SLF001  (Bolt has no way to hand it in)
        if isinstance(middleware, AsyncSingleTeamAuthorization):
            middleware.auth_test_result = response


async def check_app_token(client: AsyncWebClient, app_token: str) -> None:
    """Check the app-level token.

    With a bad one, Socket Mode would try to connect forever and report no error.

    Raises:
        SlackUnavailableError: Slack refused the token or can't be reached.
    """
    await _check_call("SLACK_APP_TOKEN", client.apps_connections_open(app_token=app_token), client)


async def _check_call(
    variable: str, call: Awaitable[AsyncSlackResponse], client: AsyncWebClient
) -> AsyncSlackResponse:
    try:
        return await call
    except SlackApiError as error:
        raise SlackUnavailableError(
            f"Slack refused {variable} ({get_error_code(error) or 'unreadable answer'}): copy it "
            f"again from https://api.slack.com/apps, {SECRET_PLACES[variable]}."
        ) from error
    except SLACK_FAILURES as error:
        raise SlackUnavailableError(
            f"Slack can't be reached at {client.base_url}: check the network and SLACK_API_URL."
        ) from error


def build_base_url(settings: BotSettings) -> str:
    """Return the Web API's base URL, with a slash at its end."""
    return settings.slack_api_url.rstrip("/") + "/"
