"""`/docent instructions`: shows and sets what the LLM is told for a channel's questions."""

from __future__ import annotations

import asyncio

from bot.slack.actions.commands import SlashCommand
from bot.slack.client.respond import Respond
from bot.slack.content.markup import extract_plain_text
from bot.storage.channel_instructions import ChannelInstructions
from bot.texts import asking as words
from rag_core.generation.instructions import MAX_CHANNEL_INSTRUCTIONS


class InstructionsCommand:
    """Shows the team's instructions and the channel's, and sets the channel's; for admins."""

    def __init__(self, channels: ChannelInstructions, *, team: str, team_instructions: str) -> None:
        """Take the workspace's id and the text of `DOCENT_INSTRUCTIONS`."""
        self._channels = channels
        self._team = team
        self._team_instructions = team_instructions

    async def run(self, command: SlashCommand, respond: Respond) -> str:
        """Show, set or clear; return the result for the audit log.

        Raises:
            StateError: the state database can't be used.
        """
        _, word, text = (*command.text.split(maxsplit=2), "", "")[:3]
        text = extract_plain_text(text)
        match word.lower(), text:
            case (("" | "show"), ""):
                return await self._show(command, respond)
            case "clear", "":
                await self._store(command, "")
                await respond(words.INSTRUCTIONS_CLEARED)
                return "cleared"
            case "set", text if text:
                return await self._set(command, text, respond)
        await respond(words.INSTRUCTIONS_USAGE)
        return "not done: not understood"

    async def _show(self, command: SlashCommand, respond: Respond) -> str:
        here = await asyncio.to_thread(
            self._channels.read_instructions, self._team, command.channel
        )
        await respond(words.render_instructions(self._team_instructions, here))
        return "shown"

    async def _set(self, command: SlashCommand, text: str, respond: Respond) -> str:
        if len(text) > MAX_CHANNEL_INSTRUCTIONS:
            await respond(words.render_long_instructions(len(text), MAX_CHANNEL_INSTRUCTIONS))
            return "not set: too long"
        # A lone surrogate can be neither stored nor sent to an LLM.
        await self._store(command, text.encode(errors="replace").decode())
        await respond(words.render_new_instructions(text))
        return "set"

    async def _store(self, command: SlashCommand, text: str) -> None:
        await asyncio.to_thread(
            self._channels.set_instructions, self._team, command.channel, text, user=command.user
        )
