"""Answer blocks: the content of a message, built from slack_sdk's models, which check limits."""

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
from bot.markup.sources import LABEL_LIMIT, label_source, list_pages
from bot.slack.views import buttons
from bot.texts import answers
from bot.types import AnswerContext
from rag_core.retrieval.versions import list_version_labels
from rag_core.types import Answer, Chunk, Citation, Passage

TAIL = "docent-tail"
"""Prefix of the block ids below an answer; marks the end of its text when it is read back."""

SECTION_LIMIT = 3_000
PREVIEW_LIMIT = 300


def build_answer_tail(answer: Answer, context: AnswerContext | None = None) -> list[Block]:
    """Build the blocks below an answer: sources, footer and buttons."""
    context = context or AnswerContext()
    pages = (
        build_sources(answer.citations)
        if answer.status == "answered"
        else build_nearest_pages(answer.nearest_passages)
    )
    tail = [
        *_build_unanswered(answer),
        *pages,
        *build_footer(answer, context),
        *_build_buttons(answer, context),
    ]
    for number, block in enumerate(tail):
        block.block_id = f"{TAIL}-{number}"
    return tail


def _build_unanswered(answer: Answer) -> list[Block]:
    """Build the note about parts of the question without an answer."""
    if not answer.unanswered:
        return []
    parts = [markdown.shorten(part, LABEL_LIMIT) for part in answer.unanswered]
    return [SectionBlock(text=MarkdownTextObject(text=answers.render_unanswered(parts)))]


def _build_buttons(answer: Answer, context: AnswerContext) -> list[Block]:
    if not context.answer_id:
        return []
    can_escalate = context.can_escalate and answer.status == "not_found"
    return buttons.build_answer_buttons(
        context.answer_id, has_passages=bool(answer.passages), can_escalate=can_escalate
    )


def build_stop_tail() -> list[Block]:
    """Build the block below an answer that is being written by editing."""
    button = buttons.build_stop_block()
    button.block_id = f"{TAIL}-stop"
    return [button]


def build_sources(citations: Sequence[Citation]) -> list[Block]:
    """Build the list of cited sections, numbered as in the text."""
    sources = format_sources([citation.passage.chunk for citation in citations])
    lines = [
        f"[{citation.number}] {source}" for citation, source in zip(citations, sources, strict=True)
    ]
    return _build_sections(answers.SOURCES, lines)


def build_nearest_pages(passages: Sequence[Passage]) -> list[Block]:
    """Build the list of pages to read if there is no answer."""
    lines = [f"• {source}" for source in format_sources(list_pages(passages))]
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


def format_sources(chunks: Sequence[Chunk]) -> list[str]:
    """Return the sources of an answer, with their versions where these differ."""
    versions = list_version_labels(chunks)
    return [format_source(chunk, version) for chunk, version in zip(chunks, versions, strict=True)]


def format_source(chunk: Chunk, version: str = "") -> str:
    """Return the linked title of a chunk as `mrkdwn`, with a version."""
    return markdown.format_link(chunk.url, label_source(chunk, version))


def build_footer(answer: Answer, context: AnswerContext) -> list[Block]:
    """Build the footer: degraded stages, age of the documentation, scope."""
    notes = [answers.AWAY] if context.was_missed else []
    notes += [answers.DEGRADED[stage] for stage in answer.degraded]
    if answer.revision:
        notes.append(answers.render_revision(answer.revision, context.as_of))
    notes += context.notes
    if scope := answers.render_scope(context.scope):
        notes.append(scope)
    if not notes:
        return []
    return [ContextBlock(elements=[MarkdownTextObject(text=" · ".join(notes))])]


def build_text_block(text: str) -> Block:
    """Build a block of at most `splitting.MARKDOWN_LIMIT` characters of Markdown."""
    return MarkdownBlock(text=text)


def render_preview(text: str) -> str:
    """Return the text beside blocks, which notifications show, without links.

    What is code in the blocks is none here, so addresses are broken with an invisible space.
    """
    line = markdown.shorten(text, PREVIEW_LIMIT)
    return markdown.escape(markdown.break_addresses(line))
