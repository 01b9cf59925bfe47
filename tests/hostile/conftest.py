"""Fixtures of the attacks: the app, against the local Slack."""

from tests.bot.conftest import docent, long_patience

__all__ = ["docent", "long_patience"]
