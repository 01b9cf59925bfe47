"""Modals: the evidence of an answer, and the form that asks why it was bad. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    DividerBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    RadioButtonsElement,
    SectionBlock,
)
from slack_sdk.models.views import View

from bot.markup import mrkdwn
from bot.markup.sources import Evidence, list_evidence
from bot.slack.views import answer_blocks, explanation
from bot.storage.answers import AnswerRecord
from bot.texts import button_labels as words
from bot.texts.explanation import format_scores
from rag_core.generation.text.links.link_guard import show_hosts
from rag_core.types import Answer

WHY_BAD = "docent_why_bad"
REASON = "reason"
COMMENT = "comment"
COMMENT_LIMIT = 3_000

VIEW_BLOCKS = 100


def build_evidence_view(record: AnswerRecord, answer: Answer) -> View:
    """Build the modal with the passages of an answer and its origin.

    Cited passages come first, and each has both scores.
    """
    room = VIEW_BLOCKS - 3
    passages = list(islice(_build_passages(answer), room + 1))
    blocks = passages[:room]
    if len(passages) > room:
        blocks.append(_build_note(words.EVIDENCE_CUT))
    blocks += [DividerBlock(), build_section(explanation.render_origin(record, answer))]
    return View(type="modal", title=words.EVIDENCE_TITLE, close=words.CLOSE, blocks=blocks)


def build_gone_view() -> View:
    """Build the modal that says that an answer is no longer stored."""
    return View(
        type="modal",
        title=words.EVIDENCE_TITLE,
        close=words.CLOSE,
        blocks=[build_section(words.ANSWER_GONE)],
    )


def build_feedback_form(answer_id: str) -> View:
    """Build the form that follows a thumb down."""
    options = [Option(value=value, text=text) for value, text in words.REASONS.items()]
    reason = RadioButtonsElement(action_id=REASON, options=options)
    comment = PlainTextInputElement(action_id=COMMENT, multiline=True, max_length=COMMENT_LIMIT)
    return View(
        type="modal",
        callback_id=WHY_BAD,
        private_metadata=answer_id,
        title=words.WHY_BAD,
        submit=words.SEND,
        close=words.CANCEL,
        blocks=[
            InputBlock(label=words.WHY_BAD_REASON, element=reason, optional=True),
            InputBlock(label=words.WHY_BAD_COMMENT, element=comment, optional=True),
        ],
    )


def _build_passages(answer: Answer) -> Iterator[Block]:
    cited, others = list_evidence(answer)
    for evidence in cited:
        yield from _build_passage(evidence)
    if others and cited:
        yield DividerBlock()
        yield _build_note(words.NOT_CITED)
    for evidence in others:
        yield from _build_passage(evidence)


def _build_passage(evidence: Evidence) -> Iterator[Block]:
    chunk = evidence.passage.chunk
    source = answer_blocks.format_source(chunk, evidence.version)
    yield build_section(f"*{evidence.mark}{source}*")
    for piece in mrkdwn.render_pieces(show_hosts(chunk.text)):
        yield build_section(piece)
    yield _build_note(format_scores(evidence.passage))


def build_section(text: str) -> Block:
    """Build a section of `mrkdwn`."""
    return SectionBlock(text=MarkdownTextObject(text=text))


def _build_note(text: str) -> Block:
    return ContextBlock(elements=[MarkdownTextObject(text=text)])
