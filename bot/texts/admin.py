"""What is said of the index: status, versions, a rollback. Pure."""

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


def status(
    now: IndexStatus, versions: Sequence[IndexVersion], sources: Sequence[SourceState]
) -> str:
    """What the index holds, how fresh it is, and what runs next: nothing while it is pinned."""
    last = say("status_last", moment=answers.moment(now.last_sync))
    if now.last_error:
        last += f", {say('status_failed', error=plain(now.last_error))}"
    pinned = _pinned(now, versions)
    lines = [last, pinned or say("status_next", moment=answers.moment(now.next_sync))]
    if now.revision is None:
        head = answers.NO_INDEX_YET
    else:
        head = say("status", pages=now.documents, chunks=now.chunks)
        where = {"revision": _short(now.revision), "collection": f"`{plain(now.collection)}`"}
        model = say("status_model", model=plain(str(now.model)))
        lines = [say("status_revision", **where), model, *lines]
    lines += [source(state, held=bool(pinned)) for state in sources[:_LISTED]]
    return "\n".join([head, *(f"• {line}" for line in lines)])


def _pinned(now: IndexStatus, versions: Sequence[IndexVersion]) -> str:
    """To which version the index was rolled back; empty where it was not."""
    revisions = [version.revision for version in versions if version.pinned]
    if not (now.pinned or revisions):
        return ""
    return say("status_pinned", revision=_short(revisions[0] if revisions else now.revision or ""))


def source(state: SourceState, *, held: bool) -> str:
    """A source, its pages and its next run, which there is none of while syncs are held."""
    shown = {"name": f"*{plain(state.name)}*", "pages": state.pages}
    if held:
        return say("home_source", **shown)
    return say("source_line", **shown, moment=answers.moment(state.next_run))


def versions(found: Sequence[IndexVersion]) -> str:
    """The versions that are kept."""
    return "\n".join([say("versions"), *(f"• {_version(version)}" for version in found)])


def _version(version: IndexVersion) -> str:
    line = say(
        "version_line",
        revision=_short(version.revision),
        created=answers.moment(version.created_at),
        pages=version.documents,
        chunks=version.chunks,
    )
    marks = [say(f"mark.{name}") for name in ("live", "previous", "pinned") if _is(version, name)]
    return " · ".join([line, *marks])


def _is(version: IndexVersion, name: str) -> bool:
    return bool(getattr(version, name))


def rolled_back(version: IndexVersion, user: str) -> str:
    """Told to everybody in the channel."""
    pages = version.documents
    return say("rolled_back", user=user, revision=_short(version.revision), pages=pages)


def no_source(name: str, known: Sequence[str]) -> str:
    """A source that is not in the settings."""
    listed = ", ".join(f"`{plain(one)}`" for one in known[:_LISTED]) or "-"
    return say("reindex_source", name=plain(name), known=listed)


def plain(text: str) -> str:
    """Words from outside, as Slack shows them unread: no mention, no link."""
    return markdown.escape(markdown.shorten(text, _LINE_LIMIT)).replace("`", "'")


def _short(revision: str) -> str:
    return f"`{plain(revision[:7])}`"
