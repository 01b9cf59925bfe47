"""The judgements of an evaluation, matched with the chunks of an index by page or by chunk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from rag_core.errors import EvaluationError
from rag_core.evaluation.files import EvaluationQuestion, Grades
from rag_core.types import Chunk

Level = Literal["page", "chunk"]


@dataclass(frozen=True, slots=True)
class Judgements:
    """Questions with their grades, and the names that the judgements use.

    Attributes:
        questions: those with a judgement, in their order.
        grades: by question id.
        names: name in the judgements by path of a page, or by id or URL of a chunk.
        absent: judged names that the index does not have; they count as not found.
        level: "page" or "chunk", whichever is judged.
    """

    questions: tuple[EvaluationQuestion, ...]
    grades: Mapping[str, Grades]
    names: Mapping[str, str]
    absent: tuple[str, ...]
    level: Level

    def list_ranked_names(self, chunks: Iterable[Chunk]) -> list[str]:
        """List the chunks' names in their order, each name once."""
        return list(dict.fromkeys(self.find_name(chunk) for chunk in chunks))

    def find_name(self, chunk: Chunk) -> str:
        """Return the name that the judgements use for a chunk."""
        if self.level == "page":
            return self.names.get(chunk.path, chunk.path)
        return self.names.get(chunk.id) or self.names.get(chunk.url) or chunk.id


def match_judgements(
    questions: Iterable[EvaluationQuestion],
    grades: Mapping[str, Grades],
    chunks: Iterable[Chunk],
    *,
    level: Level,
    ids: Mapping[str, str] | None = None,
) -> Judgements:
    """Match questions and judgements with the chunks of an index.

    Args:
        questions: all questions of the evaluation.
        grades: by question id.
        chunks: all chunks of the index.
        level: "page" or "chunk", whichever is judged. A judged page `faq/x.md` is also found as
            `en/faq/x.md`.
        ids: names in the judgements by path, for pages with another name there.

    Returns:
        The judgements, with the questions that have one.

    Raises:
        EvaluationError: a judgement names an unknown question, or none names a page or chunk of
            the index.
    """
    questions_by_id = {question.id: question for question in questions}
    if unknown := [key for key in grades if key not in questions_by_id]:
        raise EvaluationError(f"The judgements name a question {unknown[0]} that is not there.")
    if not grades:
        raise EvaluationError("No question has a judgement: check --qrels and --language.")
    judged = {name for grade in grades.values() for name in grade}
    names = _map_names(judged, chunks, level, ids or {})
    absent = tuple(sorted(judged - set(names.values())))
    if len(absent) == len(judged):
        raise EvaluationError(
            f"No {level} of the index has the id {absent[0]} or any other of the judgements: check "
            "--qrels and --level."
        )
    chosen = tuple(question for key, question in questions_by_id.items() if key in grades)
    return Judgements(chosen, grades, names, absent, level)


def _map_names(
    judged: set[str], chunks: Iterable[Chunk], level: Level, ids: Mapping[str, str]
) -> dict[str, str]:
    if level == "chunk":
        keys = {key for chunk in chunks for key in (chunk.id, chunk.url)}
        return {key: key for key in keys & judged}
    paths = {chunk.path for chunk in chunks}
    names = {path: _find_judged_name(ids.get(path, path), judged) for path in paths}
    return {path: name or ids.get(path, path) for path, name in names.items()}


def _find_judged_name(path: str, judged: set[str]) -> str:
    """Return the longest judged end of a path, or an empty text.

    An end is the whole path, or begins after a slash.
    """
    rest = path
    while rest not in judged and "/" in rest:
        rest = rest.partition("/")[2]
    return rest if rest in judged else ""
