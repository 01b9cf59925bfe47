"""Why an answer is as it is: what was searched for, what was found, how long it took."""

from __future__ import annotations

from dataclasses import fields

from bot.markup import markdown
from bot.slack.views import answer_blocks
from bot.storage.answers import AnswerRecord
from bot.texts import answers
from bot.texts.catalog import format_number, say
from rag_core.types import Answer, Passage, Timings

_QUOTE_LIMIT = 500


def render_explanation(kept: AnswerRecord, answer: Answer) -> str:
    """The whole trace, as `mrkdwn`."""
    return f"{render_origin(kept, answer)}\n{render_candidates(answer)}"


def render_origin(kept: AnswerRecord, answer: Answer) -> str:
    """Question, time and tokens, as `mrkdwn`."""
    lines = [say("why.question", text=_quote(kept.question))]
    if answer.query and answer.query != kept.question:
        lines.append(say("why.query", text=_quote(answer.query)))
    revision = f"`{markdown.escape(answer.revision[:7])}`"
    lines.append(say("why.outcome", status=say(f"why.{answer.status}"), revision=revision))
    lines += [f"• {answers.DEGRADED[stage]}" for stage in answer.degraded]
    lines += [_format_timings(answer.timings), _format_usage(answer)]
    return "\n".join(lines)


def render_candidates(answer: Answer) -> str:
    """The passages with both scores, best first, as `mrkdwn`."""
    if not answer.passages:
        return say("why.no_passages")
    numbers = {one.passage.chunk.id: one.number for one in answer.citations}
    lines = [say("why.passages")]
    for place, passage in enumerate(answer.passages, 1):
        number = numbers.get(passage.chunk.id)
        cited = f" · {say('why.cited', number=number)}" if number is not None else ""
        lines.append(
            f"{place}. {answer_blocks.format_source(passage.chunk)}: "
            f"{format_scores(passage)}{cited}"
        )
    return "\n".join(lines)


def format_scores(passage: Passage) -> str:
    """Both scores of a passage; a reranker that did not score it has none."""
    rerank = "-" if passage.rerank_score is None else _format_score(passage.rerank_score)
    return say("why.scores", retrieval=_format_score(passage.retrieval_score), rerank=rerank)


def _format_score(score: float) -> str:
    return format_number(score, decimals=3)


def _quote(text: str) -> str:
    """A text full of signs that are escaped is cut earlier: a section has 3,000 characters."""
    shown = markdown.escape(markdown.shorten(text, _QUOTE_LIMIT))
    room = 2 * _QUOTE_LIMIT
    return shown if len(shown) <= room else markdown.escape(markdown.shorten(text, room // 5))


def _format_timings(timings: Timings) -> str:
    """Every stage that ran, by the name of its field."""
    spent = ((stage.name, getattr(timings, stage.name)) for stage in fields(timings))
    stages = [say(f"why.{name}", ms=round(ms)) for name, ms in spent if ms]
    return say("why.time", stages=" · ".join(stages)) if stages else say("why.no_time")


def _format_usage(answer: Answer) -> str:
    if answer.usage is None:
        return say("why.no_tokens")
    usage = answer.usage
    return say("why.tokens", read=usage.prompt_tokens, written=usage.completion_tokens)
