"""Why an answer is as it is: what was searched for, what was found, how long it took."""

from __future__ import annotations

from bot import blocks, markdown
from bot.answers import KeptAnswer
from rag_core.types import Answer, Passage, Timings

STAGES = (
    ("rewriting", "rewrite_ms"),
    ("embedding", "embed_ms"),
    ("searching", "search_ms"),
    ("ranking", "rerank_ms"),
    ("first text after", "first_text_ms"),
    ("writing", "generate_ms"),
    ("in all", "total_ms"),
)

_SHOWN = 500


def explain(kept: KeptAnswer, answer: Answer) -> str:
    """The whole trace, as `mrkdwn`."""
    return f"{origin(kept, answer)}\n*Passages*\n{candidates(answer)}"


def origin(kept: KeptAnswer, answer: Answer) -> str:
    """Question, time and tokens, as `mrkdwn`."""
    lines = [f"*Question*: {_quoted(kept.question)}"]
    if answer.query and answer.query != kept.question:
        lines.append(f"*Searched for*: {_quoted(answer.query)}")
    lines.append(f"*Outcome*: {_outcome(answer)}")
    lines.append(f"*Time*: {_times(answer.timings)}")
    lines.append(f"*Tokens*: {_tokens(answer)}")
    return "\n".join(lines)


def candidates(answer: Answer) -> str:
    """The passages with both scores, best first, as `mrkdwn`."""
    if not answer.passages:
        return "none"
    numbers = {one.passage.chunk.id: one.number for one in answer.citations}
    lines = []
    for place, passage in enumerate(answer.passages, 1):
        number = numbers.get(passage.chunk.id)
        cited = f", cited as [{number}]" if number is not None else ""
        lines.append(f"{place}. {blocks.source(passage.chunk)}: {scores(passage)}{cited}")
    return "\n".join(lines)


def scores(passage: Passage) -> str:
    """Both scores of a passage; a reranker that did not score it has none."""
    rerank = "none" if passage.rerank_score is None else f"{passage.rerank_score:.3f}"
    return f"retrieval {passage.retrieval_score:.3f} · rerank {rerank}"


def _quoted(text: str) -> str:
    return markdown.escape(markdown.shorten(text, _SHOWN))


def _outcome(answer: Answer) -> str:
    parts = [
        answer.status.replace("_", " "),
        *(stage.replace("_", " ") for stage in answer.degraded),
    ]
    return f"{', '.join(parts)} · revision `{markdown.escape(answer.revision[:7])}`"


def _times(timings: Timings) -> str:
    spent = ((name, getattr(timings, stage)) for name, stage in STAGES)
    return ", ".join(f"{name} {ms:.0f} ms" for name, ms in spent if ms) or "not measured"


def _tokens(answer: Answer) -> str:
    if answer.usage is None:
        return "none, or not reported"
    return f"{answer.usage.prompt_tokens:,} read, {answer.usage.completion_tokens:,} written"
