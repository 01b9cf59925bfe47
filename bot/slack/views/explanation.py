"""Explanation of an answer: its query, its passages with their scores, its timings."""

from __future__ import annotations

from dataclasses import fields

from bot.markup import markdown
from bot.slack.views import answer_blocks
from bot.storage.answers import AnswerRecord
from bot.texts import answers
from bot.texts.catalog import format_number, say
from rag_core.types import Answer, Passage, Timings

_QUOTE_LIMIT = 500


def render_explanation(record: AnswerRecord, answer: Answer) -> str:
    """Return the whole explanation, as `mrkdwn`."""
    return f"{render_origin(record, answer)}\n{render_candidates(answer)}"


def render_origin(record: AnswerRecord, answer: Answer) -> str:
    """Return question, query, outcome, timings and tokens, as `mrkdwn`."""
    lines = [say("why.question", text=_quote(record.question))]
    if answer.query and answer.query != record.question:
        query = " · ".join(answer.query.splitlines())
        lines.append(say("why.query", text=_quote(query)))
    revision = f"`{markdown.escape(answer.revision[:7])}`"
    lines.append(say("why.outcome", status=say(f"why.{answer.status}"), revision=revision))
    lines += [f"• {answers.DEGRADED[stage]}" for stage in answer.degraded]
    lines += [_format_timings(answer.timings), _format_usage(answer)]
    return "\n".join(lines)


def render_candidates(answer: Answer) -> str:
    """Return the passages with both scores, best first, as `mrkdwn`."""
    if not answer.passages:
        return say("why.no_passages")
    numbers = {citation.passage.chunk.id: citation.number for citation in answer.citations}
    lines = [say("why.passages")]
    sources = answer_blocks.format_sources([passage.chunk for passage in answer.passages])
    for rank, (passage, source) in enumerate(zip(answer.passages, sources, strict=True), 1):
        number = numbers.get(passage.chunk.id)
        cited = f" · {say('why.cited', number=number)}" if number is not None else ""
        lines.append(f"{rank}. {source}: {format_scores(passage)}{cited}")
    return "\n".join(lines)


def format_scores(passage: Passage) -> str:
    """Return both scores of a passage; a dash for a missing one."""
    rerank = "-" if passage.rerank_score is None else _format_score(passage.rerank_score)
    return say("why.scores", retrieval=_format_score(passage.retrieval_score), rerank=rerank)


def _format_score(score: float) -> str:
    return format_number(score, decimals=3)


def _quote(text: str) -> str:
    """Return the text without links, shortened and escaped.

    Cut a text with many escaped characters earlier: a section holds 3,000 characters.
    """

    def quote(limit: int) -> str:
        return markdown.escape(markdown.break_addresses(markdown.shorten(text, limit)))

    room = 2 * _QUOTE_LIMIT
    quoted = quote(_QUOTE_LIMIT)
    return quoted if len(quoted) <= room else quote(room // 5)


def _format_timings(timings: Timings) -> str:
    """Return the times of the stages that ran."""
    times = ((stage.name, getattr(timings, stage.name)) for stage in fields(timings))
    stages = [say(f"why.{name}", ms=round(ms)) for name, ms in times if ms]
    return say("why.time", stages=" · ".join(stages)) if stages else say("why.no_time")


def _format_usage(answer: Answer) -> str:
    if answer.usage is None:
        return say("why.no_tokens")
    usage = answer.usage
    return say("why.tokens", read=usage.prompt_tokens, written=usage.completion_tokens)
