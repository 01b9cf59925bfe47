"""The view of the Home tab."""

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

from bot.markup.markdown import escape_plain
from bot.slack.views.buttons import REINDEX
from bot.storage.activity import ActivityCounts, RecentQuestion
from bot.storage.problems import Problem
from bot.texts import admin, answers
from bot.texts.catalog import say
from bot.texts.problems import render_problem_list
from ingest.overview.history import PastSync, SourceState
from ingest.overview.status import IndexStatus
from ingest.types import IndexVersion

_MAX_SOURCES = 30
_TEXT_LIMIT = 2_900


@dataclass(frozen=True, slots=True)
class HomeContent:
    """The content of the Home tab that everyone sees.

    Attributes:
        status: status of the index.
        sources: the sources, with their numbers of pages.
        recent_questions: the latest questions of the tab's owner.
        last_success_time: end of the last sync without an error; None before the first.
    """

    status: IndexStatus
    sources: Sequence[SourceState]
    recent_questions: Sequence[RecentQuestion]
    last_success_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class AdminContent:
    """The content of the Home tab that only admins see."""

    versions: Sequence[IndexVersion]
    syncs: Sequence[PastSync]
    week_counts: ActivityCounts
    problems: Sequence[Problem] = ()


def build_home_view(content: HomeContent, admin_content: AdminContent | None) -> View:
    """Return the Home tab of a person; only admins get `admin_content`."""
    blocks: list[Block] = [
        *_build_part("home_title", _describe_index(content)),
        *_build_part("home_how", [say("home_how_text")]),
        *_build_part(
            "home_own",
            [_describe_question(each) for each in content.recent_questions]
            or [say("home_own_none")],
        ),
    ]
    if admin_content is not None:
        blocks += _build_admin_part(content, admin_content)
    return View(type="home", blocks=blocks)


def build_refusal_view(sentence: str) -> View:
    """Return the Home tab of a person who gets no answers."""
    return View(type="home", blocks=[SectionBlock(text=MarkdownTextObject(text=sentence))])


def _describe_index(content: HomeContent) -> list[str]:
    status = content.status
    if status.revision is None:
        return [say("home_nothing")]
    lines = [say("status", pages=status.documents, chunks=status.chunks)]
    lines += [f"• {_describe_source(state)}" for state in content.sources[:_MAX_SOURCES]]
    moment = answers.format_moment(content.last_success_time)
    return [*lines, say("status_fresh", moment=moment)]


def _describe_source(state: SourceState) -> str:
    return say("home_source", name=f"*{escape_plain(state.name)}*", pages=state.pages)


def _describe_question(asked: RecentQuestion) -> str:
    return f"• {escape_plain(asked.question)} · {answers.format_moment(asked.asked_at)}"


def _build_admin_part(content: HomeContent, admin_content: AdminContent) -> list[Block]:
    week = admin_content.week_counts
    state = admin.render_status(
        content.status, admin_content.versions, content.sources[:_MAX_SOURCES]
    )
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
        *_build_problems(admin_content.problems),
        *_build_part("home_manage", state.split("\n")),
        *_build_part(
            "home_syncs",
            [f"• {_describe_sync(each)}" for each in admin_content.syncs] or [say("never")],
        ),
        SectionBlock(text=MarkdownTextObject(text=counts)),
        ActionsBlock(elements=[button]),
    ]


def _build_problems(problems: Sequence[Problem]) -> list[Block]:
    return _build_part("home_problems", render_problem_list(problems)) if problems else []


def _describe_sync(past: PastSync) -> str:
    moment = answers.format_moment(past.finished_at)
    if past.error:
        return say("home_sync_failed", moment=moment, error=escape_plain(past.error))
    return say(
        "home_sync_ok",
        moment=moment,
        added=past.added,
        changed=past.changed,
        removed=past.removed,
    )


def _build_part(heading: str, lines: Sequence[str]) -> list[Block]:
    """Build a heading and a section of the lines that fit."""
    text = lines[0]
    for line in lines[1:]:
        if len(text) + 1 + len(line) <= _TEXT_LIMIT:
            text += f"\n{line}"
    return [HeaderBlock(text=say(heading)), SectionBlock(text=MarkdownTextObject(text=text))]
