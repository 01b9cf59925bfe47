"""The files of an evaluation: questions, judgements and, optionally, a corpus."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_core.errors import EvaluationError

Grades = Mapping[str, int]
"""Grade of each judged page, section or document, by its id; 0 is wrong."""


@dataclass(frozen=True, slots=True)
class EvaluationQuestion:
    """A question of an evaluation; `language` is empty if the file does not give it."""

    id: str
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """A document of a corpus."""

    id: str
    title: str
    text: str


def read_questions(path: Path) -> tuple[EvaluationQuestion, ...]:
    """Read JSON lines with `_id`, `text` and, optionally, `lang`.

    Raises:
        EvaluationError: the file is missing, empty or has another form.
    """
    questions = [
        EvaluationQuestion(
            *_require_texts(path, number, line, "_id", "text"), str(line.get("lang") or "")
        )
        for number, line in _read_json_lines(path)
    ]
    if not questions:
        raise EvaluationError(f"There are no questions in {path}.")
    return tuple(questions)


def read_corpus(path: Path) -> tuple[CorpusDocument, ...]:
    """Read JSON lines with `_id`, `text` and, optionally, `title`.

    Raises:
        EvaluationError: the file is missing, empty or has another form.
    """
    documents: dict[str, CorpusDocument] = {}
    for number, line in _read_json_lines(path):
        key, text = _require_texts(path, number, line, "_id", "text")
        documents[key] = CorpusDocument(key, str(line.get("title") or ""), text)
    if not documents:
        raise EvaluationError(f"There are no documents in {path}.")
    return tuple(documents.values())


def read_judgements(path: Path) -> dict[str, Grades]:
    """Read the grades of each question from tab-separated lines.

    The first line names the columns. Questions without a right page are left out.

    Raises:
        EvaluationError: the file is missing, empty or has another form.
    """
    header, *lines = _read_text(path).splitlines() or [""]
    names = header.split("\t")
    missing = [name for name in ("query-id", "corpus-id", "score") if name not in names]
    if missing:
        raise EvaluationError(
            f"{path} has no column {missing[0]}: its first line must be query-id, corpus-id and "
            "score, separated by tabs."
        )
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for number, line in enumerate(lines, 2):
        if line.strip():
            row = dict(zip(names, line.split("\t"), strict=False))
            question, judged = _require_texts(path, number, row, "query-id", "corpus-id")
            grades[question][judged] = _parse_grade(path, number, row)
    answerable = {key: judged for key, judged in grades.items() if any(judged.values())}
    if not answerable:
        raise EvaluationError(f"There are no judgements in {path}.")
    return dict(answerable)


def _parse_grade(path: Path, number: int, row: Mapping[str, str]) -> int:
    try:
        return int(row["score"])
    except (KeyError, ValueError):
        raise EvaluationError(
            f"Line {number} of {path} has no whole number in the column score."
        ) from None


def _read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            shape = json.loads(line)
        except ValueError:
            shape = None
        if not isinstance(shape, dict):
            raise EvaluationError(f"Line {number} of {path} is not a JSON object.")
        yield number, shape


def _require_texts(
    path: Path, number: int, line: Mapping[str, Any], *names: str
) -> tuple[str, str]:
    for name in names:
        if name not in line or not str(line[name]).strip():
            raise EvaluationError(f"Line {number} of {path} has no {name}.")
    first, second = (str(line[name]) for name in names)
    return first, second


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path} can't be read: {_describe_error(error)}.") from error


def _describe_error(error: Exception) -> str:
    return error.strerror or "unknown" if isinstance(error, OSError) else "it is not UTF-8 text"
