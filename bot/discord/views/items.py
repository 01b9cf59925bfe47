"""Rows and forms as discord.py sends them; docent answers clicks itself, by their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.discord.views.buttons import Row


class RowsView(discord.ui.View):
    """Rows of buttons that discord.py sends and forgets.

    It would keep every other view in memory, to call it when someone clicks.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__(timeout=None)
        self._rows = [dict(row) for row in rows]

    def to_components(self) -> list[dict[str, Any]]:
        """Return the rows."""
        return self._rows

    def is_finished(self) -> bool:
        """Return True, so that discord.py keeps nothing."""
        return True


class FormModal(discord.ui.Modal):
    """A form that discord.py sends and forgets."""

    def __init__(self, form: Mapping[str, Any]) -> None:
        super().__init__(title=form["title"], custom_id=form["custom_id"])
        self._form = dict(form)

    def to_dict(self) -> dict[str, Any]:
        """Return the form."""
        return self._form

    def is_finished(self) -> bool:
        """Return True, so that discord.py keeps nothing."""
        return True
