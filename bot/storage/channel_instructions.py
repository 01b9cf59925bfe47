"""The instructions of each channel, in the state database: the LLM reads them too."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, select

from bot.storage import tables
from ingest.state.database import delete_row, replace_row

instructions = tables.instructions


class ChannelInstructions:
    """The instructions of each channel; every method blocks and may raise StateError."""

    def __init__(self, engine: Engine) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine

    def read_instructions(self, team: str, channel: str) -> str:
        """Return the instructions of a channel; empty if there are none."""
        query = select(instructions.c.text).where(
            instructions.c.team == team, instructions.c.channel == channel
        )
        with self._engine.connect() as connection:
            return str(connection.scalar(query) or "")

    def set_instructions(self, team: str, channel: str, text: str, *, user: str) -> None:
        """Set the instructions of a channel.

        Args:
            team: id of docent's workspace.
            channel: id of the channel.
            text: the instructions; an empty text takes them away.
            user: id of the person who sets them.
        """
        with self._engine.begin() as connection:
            if not text:
                delete_row(connection, instructions, team=team, channel=channel)
                return
            replace_row(
                connection,
                instructions,
                team=team,
                channel=channel,
                text=text,
                user=user,
                set_at=datetime.now(UTC),
            )
