"""Admission: people whom Slackbot brings along, without a channel."""

from __future__ import annotations

from bot.slack.inbox.access import ASKER_SECONDS, AccessPolicy, Workspace
from bot.texts import answers
from bot.texts.catalog import set_language


class SlackAdmission:
    """Says whether a person may ask, as in a direct message.

    Args:
        access: the rules for people.
        workspace: docent's.
    """

    def __init__(self, access: AccessPolicy, workspace: Workspace) -> None:
        self._access = access
        self._workspace = workspace

    async def refuse_person(self, user: str, team: str, enterprise: str) -> str:
        """Return the sentence that refuses a person; empty if they may ask.

        Args:
            user: id of the person.
            team: id of their team, as Slack says it.
            enterprise: id of their enterprise; empty for none.

        Returns:
            The sentence.
        """
        set_language("en")  # Slackbot's model reads it, and speaks the person's language
        ours = self._workspace
        is_ours = team == ours.team or bool(ours.enterprise and enterprise == ours.enterprise)
        if not user or not is_ours:
            return answers.NOT_FOR_YOU
        return await self._access.find_personal_refusal(user, team, wait=ASKER_SECONDS) or ""
