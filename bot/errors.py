"""Errors of the application itself; the tree's root is in `rag_core.errors`.

DocentError
└── BotError
    └── SlackUnavailableError     Slack refused the token or can't be reached
"""

from rag_core.errors import DocentError


class BotError(DocentError):
    """The application failed."""


class SlackUnavailableError(BotError):
    """Slack refused the token or can't be reached."""
