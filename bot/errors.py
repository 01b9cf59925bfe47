"""Errors of the application itself; the tree's root is in `rag_core.errors`.

DocentError
└── BotError
    ├── SlackUnavailableError     Slack refused the token or can't be reached
    ├── DiscordUnavailableError   Discord refused the token or can't be reached
    ├── ControlError              the command line can't use the running service
    ├── SyncStoppedError          a sync was stopped before its end
    ├── UndeliverableError        Slack takes an answer nowhere
    └── CallError                 a question of a program gets no answer
        ├── CallRefusedError      a limit refuses it
        └── CallRepeatedError     its key was used before
"""

from rag_core.errors import DocentError


class BotError(DocentError):
    """The application failed."""


class SlackUnavailableError(BotError):
    """Slack refused the token or can't be reached."""


class DiscordUnavailableError(BotError):
    """Discord refused the token or can't be reached."""


class ControlError(BotError):
    """The command line can't use the running service."""


class SyncStoppedError(BotError):
    """A sync was stopped before its end; the index is unchanged."""


class UndeliverableError(BotError):
    """Slack takes an answer neither where it was asked for nor privately."""


class CallError(BotError):
    """A question of a program gets no answer."""


class CallRefusedError(CallError):
    """A limit refuses a question of a program."""


class CallRepeatedError(CallError):
    """The key of a program's question was used before."""
