"""The secrets that the transport needs, and where Slack shows them."""

from __future__ import annotations

from pydantic import SecretStr

from bot.settings import BotSettings
from rag_core.errors import SettingsError

SECRET_PLACES = {
    "SLACK_BOT_TOKEN": "OAuth & Permissions, Bot User OAuth Token",
    "SLACK_APP_TOKEN": "Basic Information, App-Level Tokens, with connections:write",
    "SLACK_SIGNING_SECRET": "Basic Information, App Credentials, Signing Secret",
}
"""The page and field of api.slack.com/apps that show each secret."""

_BEGINNINGS = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}


def require_settings(settings: BotSettings) -> None:
    """Check that the transport has its secrets, where docent serves Slack.

    Raises:
        SettingsError: a secret is missing; the message names it and the page that shows it.
    """
    if not settings.uses_slack:
        return
    needed = {"SLACK_BOT_TOKEN": settings.slack_bot_token}
    if settings.http_port is None:
        needed["SLACK_APP_TOKEN"] = settings.slack_app_token
    else:
        needed["SLACK_SIGNING_SECRET"] = settings.slack_signing_secret
    for variable, value in needed.items():
        if not reveal_secret(value):
            raise SettingsError(
                f"{variable} is not set; on https://api.slack.com/apps it is under "
                f"{SECRET_PLACES[variable]}."
            )


def require_beginning(variable: str, secret: str) -> None:
    """Check that a token is of the right kind.

    Slack itself says `invalid_auth` for the token of another app, and for one of another kind.

    Raises:
        SettingsError: it is another token; the sentence does not quote it.
    """
    beginning = _BEGINNINGS.get(variable, "")
    if not secret.strip().startswith(beginning):
        raise SettingsError(
            f"{variable} is another token: the right one begins with {beginning}, and is on "
            f"https://api.slack.com/apps under {SECRET_PLACES[variable]}."
        )


def reveal_secret(value: SecretStr | None) -> str:
    """Return the secret's value, stripped; empty if it is not set."""
    return value.get_secret_value().strip() if value else ""
