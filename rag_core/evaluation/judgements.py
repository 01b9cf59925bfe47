"""Which judgement a chunk falls under: by page, or by the chunk itself."""

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
    """Questions with their grades, and what each chunk is called in them.

    Attributes:
        questions: those with a judgement, in their order.
        grades: by question id.
        names: how a page's path is called in them, or a chunk's id or url.
        absent: judged names that the index does not have; they count as not found.
        level: whether pages or chunks are judged.
    """

    questions: tuple[EvaluationQuestion, ...]
    grades: Mapping[str, Grades]
    names: Mapping[str, str]
    absent: tuple[str, ...]
    level: Level

    def list_ranked_names(self, chunks: Iterable[Chunk]) -> list[str]:
        """Judged names in the order of the chunks, each at its first place."""
        return list(dict.fromkeys(self._find_name(chunk) for chunk in chunks))

    def _find_name(self, chunk: Chunk) -> str:
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
    """Bring questions, judgements and the chunks of an index together.

    A judged page `faq/x.md` is also found as `en/faq/x.md`; `ids` are other names of paths.

    Raises:
        EvaluationError: a judgement names an unknown question, or none names what is in the index.
    """
    asked = {question.id: question for question in questions}
    if strangers := [key for key in grades if key not in asked]:
        raise EvaluationError(f"The judgements name a question {strangers[0]} that is not there.")
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
    chosen = tuple(question for key, question in asked.items() if key in grades)
    return Judgements(chosen, grades, names, absent, level)


def _map_names(
    judged: set[str], chunks: Iterable[Chunk], level: Level, ids: Mapping[str, str]
) -> dict[str, str]:
    if level == "chunk":
        keys = {key for chunk in chunks for key in (chunk.id, chunk.url)}
        return {key: key for key in keys & judged}
    paths = {chunk.path for chunk in chunks}
    found = {path: _find_judged_name(ids.get(path, path), judged) for path in paths}
    return {path: name or ids.get(path, path) for path, name in found.items()}


def _find_judged_name(path: str, judged: set[str]) -> str:
    """The path itself or its longest ending at a slash that is judged."""
    rest = path
    while rest not in judged and "/" in rest:
        rest = rest.partition("/")[2]
    return rest if rest in judged else ""
