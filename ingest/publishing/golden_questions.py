"""Golden questions: a source's own questions, asked of a new version before it goes live."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from ingest.errors import GoldenError, SourceError
from ingest.report import GoldenResult
from ingest.sources import Source
from ingest.state.database import read_row, replace_row
from ingest.state.tables import recalls
from rag_core.protocols import Embedder, VectorStore
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.hybrid_search import retrieve
from rag_core.types import IndexSpec, LiveIndex, Question, Vector, hash_content

DEPTH = 10
"""A page counts as found if one of its chunks is among this many hits."""

NO_QUESTIONS = "no golden questions are set"
NO_VERSION = "there is no version to compare with"
"""Reasons why nothing was compared, besides a file that can't be read."""


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """A question, and the paths in the source of the pages that answer it."""

    question: str
    paths: tuple[str, ...]


def read_golden_questions(path: Path) -> tuple[GoldenQuestion, ...]:
    """Read a file of golden questions.

    Each line is `{"question": "...", "path": "..."}`; `path` may be a list of paths.

    Raises:
        SourceError: the file or a line can't be read; the error names the line.
    """
    try:
        path = Path(os.path.expanduser(path))  # noqa: PTH111  (keeps an unknown `~name`)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise SourceError(f"The golden questions {path} can't be read: {error}.") from error
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    questions = tuple(_parse_line(path, number, line) for number, line in numbered)
    if not questions:
        raise SourceError(f"The golden questions {path} hold no question.")
    return questions


def _parse_line(path: Path, number: int, line: str) -> GoldenQuestion:
    try:
        item = json.loads(line)
        paths = item["path"] if isinstance(item["path"], list) else [item["path"]]
        question = item["question"]
    except (ValueError, KeyError, TypeError) as error:
        raise _build_line_error(path, number) from error
    if not isinstance(question, str) or not question.strip() or not paths:
        raise _build_line_error(path, number)
    return GoldenQuestion(question, tuple(map(str, paths)))


def _build_line_error(path: Path, number: int) -> SourceError:
    return SourceError(
        f"Line {number} of the golden questions {path} is not a JSON object with `question` and "
        "`path`."
    )


def check_golden_questions(sources: Sequence[Source]) -> None:
    """Check that all golden questions can be read, before a long sync.

    Raises:
        GoldenError: the questions of a source can't be read.
    """
    for source in sources:
        if source.golden:
            try:
                read_golden_questions(Path(source.golden))
            except SourceError as error:
                raise _build_unread_error(error) from error


def _build_unread_error(error: SourceError) -> GoldenError:
    return GoldenError(
        f"The new version was not published: {error} Fix or remove the option `golden`, or run "
        "`docent index --force`."
    )


class GoldenGate:
    """The gate that compares the recall of golden questions in a new version and the live one.

    Args:
        store: holds both versions.
        embedder: embeds the questions.
        engine: the state database, which keeps the recall of each version.
        margin: share of a source's questions, from 0 to 1, that a new version may lose.
        force: report the recall, but let any version pass.
    """

    def __init__(
        self,
        store: VectorStore,
        embedder: Embedder,
        engine: Engine,
        *,
        margin: float,
        force: bool = False,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._engine = engine
        self._margin = margin
        self._force = force
        self._vectors: dict[str, Vector] = {}

    def compare(
        self, sources: Sequence[Source], live: LiveIndex | None, new: LiveIndex
    ) -> tuple[GoldenResult, ...]:
        """Compare the recall of each source's questions in both versions.

        Args:
            sources: the sources of the sync.
            live: the live version; None before the first.
            new: the new version, sealed.

        Returns:
            A result for each source.

        Raises:
            GoldenError: a recall fell by more than the margin, or questions can't be read.
        """
        results = tuple(self._compare_source(source, live, new) for source in sources)
        fallen = [result for result in results if self._has_fallen(result)]
        if fallen and not self._force:
            losses = ", ".join(
                f"{result.source} finds {result.after:.0%} of its golden questions, "
                f"not {result.before:.0%}"
                for result in fallen
            )
            raise GoldenError(
                f"The new version was not published, because {losses}: check what changed, and run "
                "`docent index --force` if that is intended."
            )
        return results

    def _has_fallen(self, result: GoldenResult) -> bool:
        if result.before is None or result.after is None:
            return False
        return result.after < result.before - self._margin - 1e-9

    def _compare_source(
        self, source: Source, live: LiveIndex | None, new: LiveIndex
    ) -> GoldenResult:
        if not source.golden:
            return GoldenResult(source.name, skipped=NO_QUESTIONS)
        try:
            questions = read_golden_questions(Path(source.golden))
        except SourceError as error:
            if not self._force:
                raise _build_unread_error(error) from error
            return GoldenResult(source.name, skipped=str(error))
        after = self._measure_recall(source.name, questions, new)
        before = self._measure_live_recall(source.name, questions, live, new.spec) if live else None
        skipped = "" if before is not None else NO_VERSION
        return GoldenResult(source.name, len(questions), before, after, skipped)

    def _measure_live_recall(
        self, source: str, questions: Sequence[GoldenQuestion], live: LiveIndex, spec: IndexSpec
    ) -> float | None:
        """Measure the recall of the live version.

        A version made with another model can't be asked, so its recorded recall counts.
        """
        is_same_model = (live.spec.model, live.spec.dimension) == (spec.model, spec.dimension)
        if is_same_model:
            return self._measure_recall(source, questions, live)
        return self._read_recall(live.spec.revision, _build_key(source, questions))

    def _measure_recall(
        self, source: str, questions: Sequence[GoldenQuestion], index: LiveIndex
    ) -> float:
        """Measure the share of questions that find one of their pages."""
        recall = sum(self._is_found(source, golden, index) for golden in questions) / len(questions)
        self._record_recall(index.spec.revision, _build_key(source, questions), recall)
        return recall

    def _is_found(self, source: str, golden: GoldenQuestion, index: LiveIndex) -> bool:
        question = Question(golden.question)
        vector = self._embed_question(golden.question)
        result = retrieve(self._store, index, question, vector, FusionConfig())
        pages = {(source, path) for path in golden.paths}
        return any(hit.chunk.page_key in pages for hit in result.candidates[:DEPTH])

    def _embed_question(self, question: str) -> Vector:
        """Embed a question once for both versions."""
        if question not in self._vectors:
            self._vectors[question] = self._embedder.embed_query(question)
        return self._vectors[question]

    def _read_recall(self, revision: str, key: str) -> float | None:
        row = read_row(self._engine, recalls, revision=revision, questions=key)
        return row.recall if row else None

    def _record_recall(self, revision: str, key: str, recall: float) -> None:
        with self._engine.begin() as connection:
            replace_row(connection, recalls, revision=revision, questions=key, recall=recall)


def _build_key(source: str, questions: Sequence[GoldenQuestion]) -> str:
    return hash_content(source, *(f"{golden.question}\n{golden.paths}" for golden in questions))
