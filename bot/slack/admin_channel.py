"""Admin channel: tells once what does not work, and once that it works again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.settings import BotSettings
from bot.slack.client.api_errors import get_error_code
from bot.slack.client.connection import build_base_url
from bot.slack.client.required_secrets import reveal_secret
from bot.texts import answers, problems

if TYPE_CHECKING:
    from bot.storage.problems import Problem
    from ingest.state.jobs import SyncAlert

_CALL_SECONDS = 30

logger = logging.getLogger(__name__)


class AdminChannel:
    """Posts to `DOCENT_ADMIN_CHANNEL`, if it is set.

    It logs alerts about syncs in any case; the watch over problems logs those. Its methods block:
    the schedule and the watch call them on their threads.
    """

    def __init__(self, settings: BotSettings) -> None:
        self._channel = settings.admin_channel if settings.uses_slack else ""
        self._refusal = ""
        self._client = WebClient(
            token=reveal_secret(settings.slack_bot_token),
            base_url=build_base_url(settings),
            timeout=_CALL_SECONDS,
        )

    def post_alert(self, alert: SyncAlert) -> bool:
        """Log and post an alert about syncs.

        Return False if Slack did not take it, so that it is posted again.
        """
        logger.log(logging.INFO if alert.resolved else logging.WARNING, "%s", alert.text)
        return self._post(answers.render_sync_alert(alert))

    def post_problem(self, problem: Problem) -> bool:
        """Post a service's problem.

        Return False if Slack did not take it, so that it is posted again.
        """
        return self._post(problems.render_problem(problem))

    def post_recovery(self, problem: Problem) -> bool:
        """Post that a service works again.

        Return False if Slack did not take it, so that it is posted again.
        """
        return self._post(problems.render_recovery(problem))

    def _post(self, text: str) -> bool:
        if not self._channel:
            return True
        try:
            self._client.chat_postMessage(
                channel=self._channel, text=text, unfurl_links=False, unfurl_media=False
            )
        except (SlackClientError, OSError) as error:
            self._report_refusal(get_error_code(error) or " ".join(str(error).split()))
            return False
        self._refusal = ""
        return True

    def _report_refusal(self, reason: str) -> None:
        """Log why Slack takes no alert, if that is new.

        The same reason is news again once Slack has taken an alert.
        """
        if reason != self._refusal:
            logger.warning("An alert could not be posted to DOCENT_ADMIN_CHANNEL: %s", reason)
        self._refusal = reason
