"""The budget of a result: what does not fit is left out, and that is said."""

from __future__ import annotations

from typing import TypeVar

from bot.calls.schema import AnswerResult, PassageResult, SearchResult
from rag_core.models.token_estimate import estimate_tokens, truncate_text

RESULT_TOKENS = 6_000
"""Most tokens of a result, as `rag_core.models.token_estimate` counts them."""

_LEAST_TEXT = 200
"""A passage that is cut keeps at least so many tokens, or it is left out."""

_LONGEST_ECHO = 500
"""Characters of the question that a result over the budget repeats."""

_NOTE_TOKENS = 120
"""Kept free for the sentence that says what was left out."""

Result = TypeVar("Result", SearchResult, AnswerResult)


def fit_budget(result: Result, tokens: int = RESULT_TOKENS) -> Result:
    """Shorten a result to so many tokens; its best passages stay.

    Args:
        result: with passages, best first.
        tokens: the most that it may have, estimated.

    Returns:
        The result; `cut` says what is left out, and how to read it.
    """
    if estimate_tokens(result.model_dump_json()) <= tokens:
        return result
    bare = result.model_copy(update={"passages": []})
    answer = _cut_answer(bare, tokens)
    left = tokens - _NOTE_TOKENS - estimate_tokens(answer.model_dump_json())
    kept: list[PassageResult] = []
    cut_text = False
    for passage in result.passages:
        size = estimate_tokens(passage.model_dump_json())
        if size > left:
            shortened = _cut_passage(passage, left - size)
            kept += [shortened] if shortened else []
            cut_text = shortened is not None
            break
        kept.append(passage)
        left -= size
    notes = [answer.cut] if answer.cut else []
    if missing := len(result.passages) - len(kept):
        notes.append(f"{missing} of {len(result.passages)} passages are left out.")
    if cut_text:
        notes.append("The last passage is cut.")
    if missing or cut_text:
        notes.append("Ask for a narrower scope, or read a page by its path with read_page.")
    return answer.model_copy(update={"passages": kept, "cut": " ".join(notes)})


def _cut_answer(result: Result, tokens: int) -> Result:
    """Cut an answer to half of the budget."""
    if len(result.question) > _LONGEST_ECHO:
        result = result.model_copy(update={"question": result.question[:_LONGEST_ECHO]})
    if not isinstance(result, AnswerResult):
        return result
    result = result.model_copy(update={"query": result.query[:_LONGEST_ECHO]})
    text = truncate_text(result.answer, tokens // 2)
    if text == result.answer:
        return result
    note = "The answer is cut: ask about one part of it."
    return result.model_copy(update={"answer": text, "cut": note})


def _cut_passage(passage: PassageResult, excess: int) -> PassageResult | None:
    """Cut a passage by so many tokens, a negative number.

    Return None if too little of it would stay.
    """
    keep = int((estimate_tokens(passage.text) + excess) * 0.9)
    if keep < _LEAST_TEXT:
        return None
    return passage.model_copy(update={"text": truncate_text(passage.text, keep)})
