"""Words: every sentence a Slack user sees, and which error is told how."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from bot import errors as bot_errors
from bot.texts.catalog import Spoken, constant, say
from ingest import errors as ingest_errors
from rag_core import errors
from rag_core.types import Degradation, Scope

if TYPE_CHECKING:
    from ingest.state.jobs import Trouble

DEGRADED: Mapping[Degradation, str] = Spoken(
    {stage: f"degraded.{stage}" for stage in get_args(Degradation)}
)
"""What had to be done without, by the stage."""

ERRORS: Mapping[type[errors.DocentError], str] = Spoken(
    {
        kind: f"error.{kind.__name__}"
        for module in (errors, ingest_errors, bot_errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, errors.DocentError)
    }
)
"""What an error is told as."""


__getattr__ = constant
"""A sentence without placeholders: `answers.NOT_FOUND`, in the current task's language."""


def sentence(error: BaseException) -> str:
    """What the user is told about an error: the line of its class or of the nearest base."""
    if isinstance(error, errors.BusyError):
        return busy(error.position)
    for kind in type(error).__mro__:
        if kind in ERRORS:
            return ERRORS[kind]
    return say("unexpected")


def busy(position: int) -> str:
    """A question that was not taken, because too many wait."""
    return say("busy", position=position)


def ranking(candidates: int) -> str:
    """The stage in which candidates are reranked."""
    return say("ranking", candidates=candidates) if candidates != 1 else say("ranking_one")


def unknown_word(word: str) -> str:
    """A slash command that docent does not know."""
    return f"{say('unknown_word', word=_plain(word))}\n{say('help')}"


def trouble(heard: Trouble) -> str:
    """What the admins' channel hears of scheduled syncs; the details are in English."""
    if heard.over:
        return f":white_check_mark: {_plain(heard.says)}"
    lines = "\n".join(f"> {_plain(line)}" for line in heard.says.splitlines())
    return f"{say('trouble')}\n{lines}"


def sync_failed(error: errors.DocentError) -> str:
    """Why a sync failed, for admins: in docent's words and in the error's own."""
    return f"{sentence(error)}\n> {_plain(str(error))}"


def revision(name: str, as_of: datetime | None) -> str:
    """Which documentation an answer rests on, and when it was last read."""
    shown = f"`{_plain(name[:7])}`"
    if as_of is None:
        return say("revision_alone", revision=shown)
    return say("revision", moment=ago(as_of), revision=shown)


def scope(asked: Scope) -> str:
    """Which part of the documentation was asked; empty for all of it."""
    parts = [
        ("version", asked.version),
        ("source", ", ".join(asked.sources)),
        ("path", asked.path_prefix),
        ("language", asked.language),
    ]
    return " · ".join(f"{say(f'scope.{name}')} `{_plain(value)}`" for name, value in parts if value)


def moment(when: datetime | None) -> str:
    """A moment in the reader's own time zone, as Slack formats it."""
    if when is None:
        return say("never")
    fallback = f"{when:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def ago(when: datetime) -> str:
    """How long ago that is, as Slack counts it when somebody looks."""
    return f"<!date^{int(when.timestamp())}^{{ago}}|{when:%Y-%m-%d %H:%M} UTC>"


def _plain(text: str) -> str:
    """Words from outside, as Slack shows them unread: no mention, no link."""
    text = " ".join(text.split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
