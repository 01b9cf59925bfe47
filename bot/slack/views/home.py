"""Build the view of the Home tab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from bot.slack.views.buttons import REINDEX
from bot.storage.activity import ActivityCounts, RecentQuestion
from bot.texts import admin, answers
from bot.texts.admin import escape_plain
from bot.texts.catalog import say
from ingest.overview.history import PastSync, SourceState
from ingest.overview.status import IndexStatus
from ingest.types import IndexVersion

_MAX_SOURCES = 30
_TEXT_LIMIT = 2_900


@dataclass(frozen=True, slots=True)
class HomeContent:
    """The index, and the latest questions of this person.

    Attributes:
        status: of the index.
        sources: with their pages.
        asked: their last questions.
        fresh_at: when the documentation was last read without an error.
    """

    status: IndexStatus
    sources: Sequence[SourceState]
    recent_questions: Sequence[RecentQuestion]
    last_success_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class AdminContent:
    """What only admins see."""

    versions: Sequence[IndexVersion]
    syncs: Sequence[PastSync]
    week_counts: ActivityCounts


def build_home_view(known: HomeContent, managed: AdminContent | None) -> View:
    """Return the Home tab of a person; `managed` is for admins."""
    shown: list[Block] = [
        *_build_part("home_title", _describe_index(known)),
        *_build_part("home_how", [say("home_how_text")]),
        *_build_part(
            "home_own",
            [_describe_question(one) for one in known.recent_questions] or [say("home_own_none")],
        ),
    ]
    if managed is not None:
        shown += _build_admin_part(known, managed)
    return View(type="home", blocks=shown)


def build_refusal_view(sentence: str) -> View:
    """Return the Home tab of a person who gets no answers."""
    return View(type="home", blocks=[SectionBlock(text=MarkdownTextObject(text=sentence))])


def _describe_index(known: HomeContent) -> list[str]:
    now = known.status
    if now.revision is None:
        return [say("home_nothing")]
    lines = [say("status", pages=now.documents, chunks=now.chunks)]
    lines += [f"• {_describe_source(state)}" for state in known.sources[:_MAX_SOURCES]]
    return [*lines, say("status_fresh", moment=answers.format_moment(known.last_success_time))]


def _describe_source(state: SourceState) -> str:
    return say("home_source", name=f"*{escape_plain(state.name)}*", pages=state.pages)


def _describe_question(one: RecentQuestion) -> str:
    return f"• {escape_plain(one.question)} · {answers.format_moment(one.asked_at)}"


def _build_admin_part(known: HomeContent, managed: AdminContent) -> list[Block]:
    week = managed.week_counts
    state = admin.render_status(known.status, managed.versions, known.sources[:_MAX_SOURCES])
    counts = say(
        "home_week",
        questions=week.questions,
        not_found=week.not_found,
        up=week.up,
        down=week.down,
    )
    button = ButtonElement(text=say("home_reindex"), action_id=REINDEX, value="home")
    return [
        DividerBlock(),
        *_build_part("home_manage", state.split("\n")),
        *_build_part(
            "home_syncs", [f"• {_describe_sync(one)}" for one in managed.syncs] or [say("never")]
        ),
        SectionBlock(text=MarkdownTextObject(text=counts)),
        ActionsBlock(elements=[button]),
    ]


def _describe_sync(one: PastSync) -> str:
    moment = answers.format_moment(one.finished_at)
    if one.error:
        return say("home_sync_failed", moment=moment, error=escape_plain(one.error))
    return say(
        "home_sync_ok",
        moment=moment,
        added=one.added,
        changed=one.changed,
        removed=one.removed,
    )


def _build_part(heading: str, lines: Sequence[str]) -> list[Block]:
    """Return a heading, and as many of the lines as fit into a section."""
    text = lines[0]
    for line in lines[1:]:
        if len(text) + 1 + len(line) <= _TEXT_LIMIT:
            text += f"\n{line}"
    return [HeaderBlock(text=say(heading)), SectionBlock(text=MarkdownTextObject(text=text))]
