"""Render how an answer came about: its query, its passages with their scores, its timings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

from bot.markup.markdown import escape_line
from bot.storage.answers import AnswerRecord
from bot.texts import answers
from bot.texts.catalog import format_number, say
from rag_core.types import Answer, Passage, Timings


def list_origin(record: AnswerRecord, answer: Answer, quote: Callable[[str], str]) -> list[str]:
    """Return lines of question, query, outcome, timings and tokens.

    Args:
        record: the stored answer.
        answer: the answer in it.
        quote: shortens and escapes a text from outside, for the surface's markup.

    Returns:
        The lines, in the language of the current task.
    """
    lines = [say("why.question", text=quote(record.question))]
    if answer.query and answer.query != record.question:
        lines.append(say("why.query", text=quote(" · ".join(answer.query.splitlines()))))
    revision = f"`{escape_line(answer.revision[:7])}`"
    lines.append(say("why.outcome", status=say(f"why.{answer.status}"), revision=revision))
    lines += [f"• {answers.DEGRADED[stage]}" for stage in answer.degraded]
    return [*lines, _format_timings(answer.timings), _format_usage(answer)]


def list_candidates(answer: Answer, sources: Sequence[str]) -> list[str]:
    """Return a line for each passage with both scores, best first.

    The sources are the passages' titles, in the surface's markup.
    """
    if not answer.passages:
        return [say("why.no_passages")]
    numbers = {citation.passage.chunk.id: citation.number for citation in answer.citations}
    lines = [say("why.passages")]
    for rank, (passage, source) in enumerate(zip(answer.passages, sources, strict=True), 1):
        number = numbers.get(passage.chunk.id)
        cited = f" · {say('why.cited', number=number)}" if number is not None else ""
        lines.append(f"{rank}. {source}: {format_scores(passage)}{cited}")
    return lines


def format_scores(passage: Passage) -> str:
    """Return both scores of a passage; a dash for a missing one."""
    rerank = "-" if passage.rerank_score is None else _format_score(passage.rerank_score)
    return say("why.scores", retrieval=_format_score(passage.retrieval_score), rerank=rerank)


def _format_score(score: float) -> str:
    return format_number(score, decimals=3)


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
