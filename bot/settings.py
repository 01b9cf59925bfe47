"""Settings of the Slack app, from the environment and `.env`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr

from rag_core.settings import Settings

LogFormat = Literal["plain", "json"]
"""The form of log lines: for people, or a JSON object each."""


class LogSettings(Settings):
    """The log, of every command."""

    log_format: LogFormat = Field(
        "plain",
        description="Log lines: `plain` for people, or `json` for one JSON object per line.",
    )


class BotSettings(Settings):
    """Slack tokens, transport, access and administration."""

    slack_bot_token: SecretStr | None = Field(
        None, validation_alias="SLACK_BOT_TOKEN", description="Bot token, `xoxb-...`."
    )
    slack_app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="App-level token, `xapp-...`, for Socket Mode.",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="Signing secret, for HTTP mode.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="Base of the Web API, for GovSlack and test servers.",
    )
    http_port: int | None = Field(
        None, ge=1, le=65535, description="Port of HTTP mode; unset means Socket Mode."
    )
    http_host: str = Field(
        "127.0.0.1",
        description="Address on which HTTP mode listens; `0.0.0.0` for all interfaces.",
    )
    admins: str = Field(
        "",
        description="Who may manage docent: Slack user (`U...`) and user-group (`S...`) ids, "
        "separated by white space or commas.",
    )
    admin_channel: str = Field(
        "",
        description="Channel (`C...`) where docent reports failed scheduled syncs and services "
        "that do not work; empty for none.",
    )
    allowed_channels: str = Field(
        "",
        description="Channels (`C...`) in which docent answers, separated by white space or "
        "commas; empty for all. Direct messages are always answered.",
    )
    allowed_users: str = Field(
        "",
        description="Users (`U...`) and user groups (`S...`) that get answers, separated by white "
        "space or commas; empty for everyone in the workspace.",
    )
    allow_external: bool = Field(
        default=False,
        description="Whether guests, and people of other workspaces (Slack Connect), get answers.",
    )
    auto_channels: str = Field(
        "",
        description="Channels (`C...`) in which every question is answered without a mention, "
        "separated by white space or commas.",
    )
    emoji: str = Field(
        "",
        description="Reaction that asks docent about a message, without colons; empty for none.",
    )
    help_channel: str = Field(
        "",
        description="Channel (`C...`) where docent asks people what the documentation does not "
        "say; empty for none.",
    )
    max_waiting: int = Field(
        200,
        ge=0,
        description="Questions that may wait in line; docent asks people with further ones to try "
        "again.",
    )
    max_open_questions: int = Field(
        20, ge=1, description="Questions of one person that may wait or be answered at a time."
    )
    daily_questions: int = Field(
        0, ge=0, description="Questions that one person may ask within 24 hours; 0 for any number."
    )
    catch_up_minutes: int = Field(
        60,
        ge=0,
        description="How many minutes back docent reads what it was asked while it was away, at "
        "the start and after each reconnect; 0 turns this off.",
    )
    keep_days: int = Field(
        90,
        ge=0,
        description="Days for which docent keeps questions and answers, for evidence and "
        "feedback; 0 keeps no texts.",
    )
    mcp_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of `/mcp` for MCP clients and `/v1` for programs; unset serves neither.",
    )
    mcp_host: str = Field(
        "127.0.0.1",
        description="Address on which that port listens; beyond this machine it needs a proof, and "
        "DOCENT_MCP_HOSTS.",
    )
    mcp_hosts: str = Field(
        "",
        description="Names by which programs reach that port, such as `docs.example.com`, "
        "separated by commas.",
    )
    mcp_tokens: SecretStr | None = Field(
        None,
        description="Bearer tokens for that port, separated by white space or commas: "
        "`name:token` each.",
    )
    mcp_calls: int = Field(8, ge=1, description="Calls that one caller may have open there.")
    discord_bot_token: SecretStr | None = Field(
        None,
        validation_alias="DISCORD_BOT_TOKEN",
        description="Token of the Discord bot; unset means that docent does not speak Discord.",
    )
    discord_guilds: str = Field(
        "",
        description="Ids of the Discord servers in which docent answers, separated by white space "
        "or commas; empty for none. Direct messages are always answered.",
    )
    discord_admins: str = Field(
        "",
        description="Who may manage docent on Discord: ids of users and roles, separated by white "
        "space or commas.",
    )
    discord_follow_ups: bool = Field(
        default=False,
        description="Whether docent answers in its Discord threads without a mention; needs the "
        "message-content intent.",
    )
    discord_forums: str = Field(
        "",
        description="Ids of Discord forums whose new posts docent answers by itself, separated by "
        "white space or commas; needs the message-content intent.",
    )
    health_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of `/healthz`, `/readyz` and `/metrics`; unset serves none of them.",
    )
    health_host: str = Field(
        "127.0.0.1",
        description="Address on which the health port listens; `0.0.0.0` for all interfaces.",
    )

    @property
    def uses_slack(self) -> bool:
        """True if docent serves Slack: a token is set, or nothing else is served."""
        return bool(self.slack_bot_token) or not (self.mcp_port or self.uses_discord)

    @property
    def uses_discord(self) -> bool:
        """True if docent serves Discord: its token is set."""
        token = self.discord_bot_token
        return token is not None and bool(token.get_secret_value().strip())


def parse_ids(setting: str) -> frozenset[str]:
    """Split a setting into ids, at white space and commas."""
    return frozenset(name for name in re.split(r"[\s,]+", setting) if name)
