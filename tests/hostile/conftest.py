"""Fixtures of the attacks: the app, against the local Slack."""

from tests.bot.conftest import docent

__all__ = ["docent"]
