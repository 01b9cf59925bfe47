"""Errors of the application itself; the tree's root is in `rag_core.errors`.

DocentError
└── BotError
    ├── SlackUnavailableError     Slack refused the token or can't be reached
    ├── ControlError              the running service can't be asked by the command line
    └── SyncStoppedError          a sync was ended because docent is ending
"""

from rag_core.errors import DocentError


class BotError(DocentError):
    """The application failed."""


class SlackUnavailableError(BotError):
    """Slack refused the token or can't be reached."""


class ControlError(BotError):
    """The running service can't be asked by the command line."""


class SyncStoppedError(BotError):
    """A sync was ended because docent is ending; the index is as it was."""
