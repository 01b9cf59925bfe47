"""Admin channel: one alert when a sync fails, and one more when it works again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.settings import BotSettings
from bot.slack.client.connection import build_base_url, reveal_secret
from bot.texts import answers

if TYPE_CHECKING:
    from ingest.state.jobs import SyncAlert

_CALL_SECONDS = 30

logger = logging.getLogger(__name__)


class AdminChannel:
    """Posts to `DOCENT_ADMIN_CHANNEL` from the schedule's thread; logs only if it is unset."""

    def __init__(self, settings: BotSettings) -> None:
        self._channel = settings.admin_channel
        self._client = WebClient(
            token=reveal_secret(settings.slack_bot_token),
            base_url=build_base_url(settings),
            timeout=_CALL_SECONDS,
        )

    def post_alert(self, alert: SyncAlert) -> bool:
        """Log and post an alert.

        Return False if Slack did not take it, so that it is posted again.
        """
        logger.log(logging.INFO if alert.resolved else logging.WARNING, "%s", alert.text)
        if not self._channel:
            return True
        try:
            self._client.chat_postMessage(
                channel=self._channel,
                text=answers.render_sync_alert(alert),
                unfurl_links=False,
                unfurl_media=False,
            )
        except (SlackClientError, OSError) as error:
            logger.warning("An alert could not be posted to DOCENT_ADMIN_CHANNEL: %s", error)
            return False
        return True
