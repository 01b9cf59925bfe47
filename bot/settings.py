"""Settings of the Slack app, from the environment and `.env`."""

from __future__ import annotations

from pydantic import Field, SecretStr

from rag_core.settings import Settings


class BotSettings(Settings):
    """Slack tokens, transport and who may manage."""

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
    admins: str = Field(
        "",
        description="Who may manage: Slack user (`U...`) and user-group (`S...`) ids, separated "
        "by white space or commas.",
    )
    admin_channel: str = Field(
        "",
        description="Channel (`C...`) that hears of failed scheduled syncs; empty for none.",
    )
