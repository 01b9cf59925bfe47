"""Render what Slack says with an answer, and the sentence of each error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from bot import errors as bot_errors
from bot.markup.markdown import break_addresses, escape_line, shorten
from bot.texts.catalog import LocalizedMapping, find_constant, say
from ingest import errors as ingest_errors
from rag_core import errors
from rag_core.types import Degradation, Scope

if TYPE_CHECKING:
    from ingest.state.jobs import SyncAlert

DEGRADED: Mapping[Degradation, str] = LocalizedMapping(
    {stage: f"degraded.{stage}" for stage in get_args(Degradation)}
)
"""The note of an answer that lacks a stage, by that stage."""

ERRORS: Mapping[type[errors.DocentError], str] = LocalizedMapping(
    {
        kind: f"error.{kind.__name__}"
        for module in (errors, ingest_errors, bot_errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, errors.DocentError)
    }
)
"""The sentence of each error, by its class."""


_LIMITS = ("line_full", "too_many_open", "daily_limit")

_LISTED_FILES, _NAME_LIMIT = 5, 80

__getattr__ = find_constant
"""A sentence without placeholders: `answers.NOT_FOUND`, in the current task's language."""


def render_error(error: BaseException) -> str:
    """Return the sentence for an error's class, or for its nearest base."""
    for kind in type(error).__mro__:
        if kind in ERRORS:
            return ERRORS[kind]
    return say("unexpected")


def render_place(place: int) -> str:
    """Return the sentence that tells a place in the line."""
    return say("place_in_line", place=place)


def find_limit_sentence(limit: str) -> str:
    """Return the sentence for a limit; empty for none."""
    return say(f"limit.{limit}") if limit in _LIMITS else ""


def render_reranking(candidates: int) -> str:
    """Return the name of the stage that reranks so many candidates."""
    return say("ranking", count=candidates)


def render_unknown_command(word: str) -> str:
    """Return the reply to an unknown slash command."""
    return f"{say('unknown_word', word=escape_line(word))}\n{say('help')}"


def render_misspelt_command(word: str, suggestion: str) -> str:
    """Return the reply to a slash command whose word is misspelt."""
    return say("misspelt_word", word=escape_line(word), suggestion=suggestion)


def render_sync_alert(alert: SyncAlert) -> str:
    """Return an alert for the admin channel; its details are in English."""
    if alert.resolved:
        return f":white_check_mark: {escape_line(alert.text)}"
    lines = "\n".join(f"> {escape_line(line)}" for line in alert.text.splitlines())
    return f"{say('trouble')}\n{lines}"


def render_sync_failure(error: errors.DocentError) -> str:
    """Return a sync's failure for admins, with the error's own words."""
    return f"{render_error(error)}\n> {escape_line(str(error))}"


def render_revision(name: str, as_of: datetime | None) -> str:
    """Return the documentation's revision, and when it was last read."""
    revision = f"`{escape_line(name[:7])}`"
    if as_of is None:
        return say("revision_alone", revision=revision)
    return say("revision", moment=format_age(as_of), revision=revision)


def render_unanswered(parts: Sequence[str]) -> str:
    """Return the note about unanswered parts of a question, for `mrkdwn`."""
    # An LLM may have written them.
    inert = (escape_line(break_addresses(part)) for part in parts)
    return say("unanswered", parts=", ".join(f"“{part}”" for part in inert))


def render_unread_files(names: Sequence[str]) -> str:
    """Return the note about files that were not read, for `mrkdwn`."""
    return say("unread_files", names=_list_files(names))


def render_shortened_files(names: Sequence[str]) -> str:
    """Return the note about files whose middle was left out, for `mrkdwn`."""
    return say("shortened_files", names=_list_files(names))


def _list_files(names: Sequence[str]) -> str:
    listed = [f"`{escape_line(shorten(name, _NAME_LIMIT))}`" for name in names[:_LISTED_FILES]]
    return ", ".join([*listed, "…"] if len(names) > _LISTED_FILES else listed)


def render_scope(scope: Scope) -> str:
    """Return the limits of a search; empty if it has none."""
    return " · ".join(f"{name} `{escape_line(value)}`" for name, value in list_limits(scope))


def list_limits(scope: Scope) -> list[tuple[str, str]]:
    """Return the name and the value of each limit of a search."""
    limits = [
        ("version", scope.version),
        ("source", ", ".join(scope.sources)),
        ("path", scope.path_prefix),
        ("language", scope.language),
    ]
    return [(say(f"scope.{name}"), value) for name, value in limits if value]


def format_moment(when: datetime | None) -> str:
    """Return a moment that Slack shows in the reader's own time zone."""
    if when is None:
        return say("never")
    fallback = f"{when:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def format_age(when: datetime) -> str:
    """Return a moment that Slack shows as the time since then."""
    return f"<!date^{int(when.timestamp())}^{{ago}}|{when:%Y-%m-%d %H:%M} UTC>"
