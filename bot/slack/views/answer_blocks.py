"""Block Kit: what stands in a message, built by slack_sdk's models, which know Slack's limits."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    MarkdownBlock,
    MarkdownTextObject,
    SectionBlock,
)

from bot.markup import markdown
from bot.slack.views import buttons
from bot.texts import answers
from bot.types import AnswerContext
from rag_core.types import Answer, Chunk, Citation, Passage

TAIL = "docent-tail"
"""Begins the block ids of what stands below an answer: the text ends there when it is read back."""

SECTION_LIMIT = 3_000
LABEL_LIMIT = 150
PREVIEW_LIMIT = 300


def build_answer_tail(answer: Answer, context: AnswerContext | None = None) -> list[Block]:
    """What stands below an answer's text: its sources, and how far it can be trusted."""
    context = context or AnswerContext()
    found = answer.status == "answered"
    listed = (
        build_sources(answer.citations) if found else build_nearest_pages(answer.nearest_passages)
    )
    tail = [*listed, *build_footer(answer, context), *_build_buttons(answer, context)]
    for number, block in enumerate(tail):
        block.block_id = f"{TAIL}-{number}"
    return tail


def _build_buttons(answer: Answer, context: AnswerContext) -> list[Block]:
    if not context.answer_id:
        return []
    people = context.can_escalate and answer.status == "not_found"
    return buttons.build_answer_buttons(
        context.answer_id, passages=bool(answer.passages), people=people
    )


def build_stop_tail() -> list[Block]:
    """What stands below an answer while it is written by editing."""
    button = buttons.build_stop_block()
    button.block_id = f"{TAIL}-stop"
    return [button]


def build_sources(citations: Sequence[Citation]) -> list[Block]:
    """The cited passages, numbered as in the text: page and section, linked."""
    lines = [
        f"[{citation.number}] {format_source(citation.passage.chunk)}" for citation in citations
    ]
    return _build_sections(answers.SOURCES, lines)


def build_nearest_pages(passages: Sequence[Passage]) -> list[Block]:
    """Pages to look at where the documentation gave no answer."""
    chunks = {passage.chunk.url: passage.chunk for passage in reversed(passages)}.values()
    lines = [f"• {format_source(chunk)}" for chunk in reversed(chunks)]
    return _build_sections(answers.NEAREST, lines)


def _build_sections(heading: str, lines: Sequence[str]) -> list[Block]:
    if not lines:
        return []
    texts = [f"*{heading}*"]
    for line in lines:
        if len(texts[-1]) + 1 + len(line) > SECTION_LIMIT:
            texts.append(line)
        else:
            texts[-1] += "\n" + line
    return [SectionBlock(text=MarkdownTextObject(text=text)) for text in texts]


def format_source(chunk: Chunk) -> str:
    """Title and section of a chunk, linked, as `mrkdwn`."""
    label = chunk.heading_path.replace(" > ", " \u203a ") or chunk.path
    return markdown.format_link(chunk.url, markdown.shorten(label, LABEL_LIMIT))


def build_footer(answer: Answer, context: AnswerContext) -> list[Block]:
    """How fresh the documentation is, what part of it was asked, what had to be done without."""
    notes = [answers.DEGRADED[stage] for stage in answer.degraded]
    if answer.revision:
        notes.append(answers.render_revision(answer.revision, context.as_of))
    if scope := answers.render_scope(context.scope):
        notes.append(scope)
    if not notes:
        return []
    return [ContextBlock(elements=[MarkdownTextObject(text=" · ".join(notes))])]


def build_text_block(text: str) -> Block:
    """Markdown of at most `markdown.MARKDOWN_LIMIT` characters, shown as Slack shows Markdown."""
    return MarkdownBlock(text=text)


def render_preview(text: str) -> str:
    """The `text` beside blocks: what a notification shows."""
    return markdown.escape(markdown.shorten(text, PREVIEW_LIMIT))
