"""Explanation of an answer: its query, its passages with their scores, its timings."""

from __future__ import annotations

from bot.markup import markdown
from bot.slack.views import answer_blocks
from bot.storage.answers import AnswerRecord
from bot.texts import explanation
from rag_core.types import Answer

_QUOTE_LIMIT = 500


def render_explanation(record: AnswerRecord, answer: Answer) -> str:
    """Return the whole explanation, as `mrkdwn`."""
    return f"{render_origin(record, answer)}\n{render_candidates(answer)}"


def render_origin(record: AnswerRecord, answer: Answer) -> str:
    """Return question, query, outcome, timings and tokens, as `mrkdwn`."""
    return "\n".join(explanation.list_origin(record, answer, _quote))


def render_candidates(answer: Answer) -> str:
    """Return the passages with both scores, best first, as `mrkdwn`."""
    sources = answer_blocks.format_sources([passage.chunk for passage in answer.passages])
    return "\n".join(explanation.list_candidates(answer, sources))


def _quote(text: str) -> str:
    """Return the text without links, shortened and escaped.

    Cut a text with many escaped characters earlier: a section holds 3,000 characters.
    """

    def quote(limit: int) -> str:
        return markdown.escape(markdown.break_addresses(markdown.shorten(text, limit)))

    room = 2 * _QUOTE_LIMIT
    quoted = quote(_QUOTE_LIMIT)
    return quoted if len(quoted) <= room else quote(room // 5)
