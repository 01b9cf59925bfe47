"""Render what Slack says of the index: its status, its versions, a rollback."""

from __future__ import annotations

from collections.abc import Sequence

from bot.markup import markdown
from bot.texts import answers
from bot.texts.catalog import say
from ingest.overview.history import SourceState
from ingest.overview.status import IndexStatus
from ingest.types import IndexVersion

_LINE_LIMIT = 300
_LISTED = 20


def render_status(
    now: IndexStatus, versions: Sequence[IndexVersion], sources: Sequence[SourceState]
) -> str:
    """Return what the index holds, how fresh it is, and when the next sync runs."""
    last = say("status_last", moment=answers.format_moment(now.last_sync))
    if now.last_error:
        last += f", {say('status_failed', error=escape_plain(now.last_error))}"
    pinned = _describe_pin(now, versions)
    lines = [last, pinned or say("status_next", moment=answers.format_moment(now.next_sync))]
    if now.revision is None:
        head = answers.NO_INDEX_YET
    else:
        head = say("status", pages=now.documents, chunks=now.chunks)
        where = {
            "revision": _shorten_revision(now.revision),
            "collection": f"`{escape_plain(now.collection)}`",
        }
        model = say("status_model", model=escape_plain(str(now.model)))
        lines = [say("status_revision", **where), model, *lines]
    lines += [render_source(state, held=bool(pinned)) for state in sources[:_LISTED]]
    return "\n".join([head, *(f"• {line}" for line in lines)])


def _describe_pin(now: IndexStatus, versions: Sequence[IndexVersion]) -> str:
    """Return to which version the index was rolled back; empty if it was not."""
    revisions = [version.revision for version in versions if version.pinned]
    if not (now.pinned or revisions):
        return ""
    return say(
        "status_pinned",
        revision=_shorten_revision(revisions[0] if revisions else now.revision or ""),
    )


def render_source(state: SourceState, *, held: bool) -> str:
    """Return a source, its pages and its next sync; no next sync while they are held."""
    shown = {"name": f"*{escape_plain(state.name)}*", "pages": state.pages}
    if held:
        return say("home_source", **shown)
    return say("source_line", **shown, moment=answers.format_moment(state.next_run))


def render_versions(found: Sequence[IndexVersion]) -> str:
    """Return the list of the versions that are kept."""
    return "\n".join([say("versions"), *(f"• {_describe_version(version)}" for version in found)])


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
    """Return what a channel reads after a rollback."""
    pages = version.documents
    return say("rolled_back", user=user, revision=_shorten_revision(version.revision), pages=pages)


def render_unknown_source(name: str, known: Sequence[str]) -> str:
    """Return the refusal of a source that is not in the settings."""
    listed = ", ".join(f"`{escape_plain(one)}`" for one in known[:_LISTED]) or "-"
    return say("reindex_source", name=escape_plain(name), known=listed)


def escape_plain(text: str) -> str:
    """Return words from outside so that Slack finds no mention and no link in them."""
    return markdown.escape(markdown.shorten(text, _LINE_LIMIT)).replace("`", "'")


def _shorten_revision(revision: str) -> str:
    return f"`{escape_plain(revision[:7])}`"
