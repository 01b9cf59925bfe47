"""Render what Slack says of the index: its status, its versions, a rollback."""

from __future__ import annotations

from collections.abc import Sequence

from bot.markup.markdown import escape_plain
from bot.texts import answers
from bot.texts.catalog import say
from ingest.overview.history import SourceState
from ingest.overview.status import IndexStatus
from ingest.types import IndexVersion

_LISTED = 20


def render_status(
    status: IndexStatus, versions: Sequence[IndexVersion], sources: Sequence[SourceState]
) -> str:
    """Return the contents of the index, its age and its next sync.

    Args:
        status: the status of the index.
        versions: the stored versions; they show a pin.
        sources: the sources with their pages; the first 20 are listed.

    Returns:
        Lines of `mrkdwn`, in the language of the current task.
    """
    last = say("status_last", moment=answers.format_moment(status.last_sync))
    if status.last_error:
        last += f", {say('status_failed', error=escape_plain(status.last_error))}"
    pin = _describe_pin(status, versions)
    lines = [last, pin or say("status_next", moment=answers.format_moment(status.next_sync))]
    if status.revision is None:
        head = answers.NO_INDEX_YET
    else:
        head = say("status", pages=status.documents, chunks=status.chunks)
        where = {
            "revision": _shorten_revision(status.revision),
            "collection": f"`{escape_plain(status.collection)}`",
        }
        model = say("status_model", model=escape_plain(str(status.model)))
        lines = [say("status_revision", **where), model, *lines]
    lines += [render_source(state, held=bool(pin)) for state in sources[:_LISTED]]
    return "\n".join([head, *(f"• {line}" for line in lines)])


def _describe_pin(status: IndexStatus, versions: Sequence[IndexVersion]) -> str:
    """Return the version that a rollback went to; empty without one."""
    revisions = [version.revision for version in versions if version.pinned]
    if not (status.pinned or revisions):
        return ""
    return say(
        "status_pinned",
        revision=_shorten_revision(revisions[0] if revisions else status.revision or ""),
    )


def render_source(state: SourceState, *, held: bool) -> str:
    """Return a source, its pages, and its next sync unless syncs wait."""
    values = {"name": f"*{escape_plain(state.name)}*", "pages": state.pages}
    if held:
        return say("home_source", **values)
    return say("source_line", **values, moment=answers.format_moment(state.next_run))


def render_versions(versions: Sequence[IndexVersion]) -> str:
    """Return the list of stored versions."""
    return "\n".join([say("versions"), *(f"• {_describe_version(each)}" for each in versions)])


def _describe_version(version: IndexVersion) -> str:
    line = say(
        "version_line",
        revision=_shorten_revision(version.revision),
        created=answers.format_moment(version.created_at),
        pages=version.documents,
        chunks=version.chunks,
    )
    marks = [
        say(f"mark.{name}") for name in ("live", "previous", "pinned") if _has_mark(version, name)
    ]
    return " · ".join([line, *marks])


def _has_mark(version: IndexVersion, name: str) -> bool:
    return bool(getattr(version, name))


def render_rollback(version: IndexVersion, user: str) -> str:
    """Return the message to a channel after a rollback."""
    pages = version.documents
    return say("rolled_back", user=user, revision=_shorten_revision(version.revision), pages=pages)


def render_unknown_source(name: str, sources: Sequence[str]) -> str:
    """Return the refusal of a source that is not in the settings."""
    listed = ", ".join(f"`{escape_plain(source)}`" for source in sources[:_LISTED]) or "-"
    return say("reindex_source", name=escape_plain(name), known=listed)


def _shorten_revision(revision: str) -> str:
    return f"`{escape_plain(revision[:7])}`"
