"""Question sets with their documentation: indexed once by the starter profile, then asked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.bench_index import BenchIndex
from ingest.corpus import index_corpus, map_document_ids
from rag_core.evaluation.files import read_corpus, read_judgements, read_questions
from rag_core.evaluation.judgements import Judgements, match_judgements
from rag_core.evaluation.methods import EvaluationTarget

SHARED = Path(__file__).parents[3] / "shared"


@dataclass(frozen=True)
class QuestionSet:
    """Questions, their judgements and what they are asked of, below ../shared.

    Attributes:
        name: of the set.
        corpus: a zip of pages, or a file of documents that are one page each.
        queries: file of the questions.
        qrels: file of the judgements.
    """

    name: str
    corpus: str
    queries: str
    qrels: str


DOMAINS = tuple(
    QuestionSet(
        name, f"corpus/{corpus}", f"eval/{folder}/queries.jsonl", f"eval/{folder}/qrels.tsv"
    )
    for name, corpus, folder in (
        ("milvus", "milvus_docs_2.4.x_en.zip", "milvus_user_dev"),
        ("fastapi", "fastapi_docs_2026-08-19.zip", "fastapi_dev"),
        ("ray", "ray_docs_2023-09-04.zip", "ray_dev"),
    )
)
"""Three documentations with users' questions."""

MILVUS_CORPUS = SHARED / DOMAINS[0].corpus

Grades = dict[str, int]
"""Grade of each page that answers a question, by its path."""

FAQ = QuestionSet(
    "milvus_faq",
    "eval/milvus_faq/corpus_answer_only.jsonl",
    "eval/milvus_faq/queries.jsonl",
    "eval/milvus_faq/qrels_section.tsv",
)
SCIFACT = QuestionSet(
    "scifact",
    "eval/scifact/corpus.jsonl",
    "eval/scifact/queries.jsonl",
    "eval/scifact/qrels.tsv",
)
MULTILINGUAL = tuple(
    QuestionSet(
        f"faq_{language}",
        f"eval/faq_multilingual/corpus_answer_only.{language}.jsonl",
        f"eval/faq_multilingual/queries.{language}.jsonl",
        "eval/faq_multilingual/qrels.tsv",
    )
    for language in ("en", "ru", "de", "zh", "ja")
)


@dataclass(frozen=True)
class OpenSet:
    """A question set with its open index; `judgements` has the questions to ask."""

    bench: BenchIndex
    target: EvaluationTarget
    judgements: Judgements


@contextmanager
def open_corpus(name: str, corpus: str, indexes: Path | None) -> Iterator[BenchIndex]:
    """Open the index of a corpus; build it if it is not in the folder of indexes."""
    with ExitStack() as stack:
        root = indexes or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = stack.enter_context(BenchIndex.open(root / name))
        if bench.store.read_live_index() is None:
            if corpus.endswith(".jsonl"):
                documents = read_corpus(SHARED / corpus)
                index_corpus(documents, bench.store, bench.models.inference.indexing)
            else:
                bench.index(SHARED / corpus)
        yield bench


@contextmanager
def open_set(questions: QuestionSet, indexes: Path | None) -> Iterator[OpenSet]:
    """Open the index of a set, and match its judgements."""
    corpus = SHARED / questions.corpus
    documents = read_corpus(corpus) if corpus.suffix == ".jsonl" else ()
    with open_corpus(questions.name, questions.corpus, indexes) as bench:
        live, lane = bench.pipeline.require_live_index(), bench.models.inference.questions
        target = EvaluationTarget(bench.store, live, lane, lane, bench.models.tuning)
        yield OpenSet(bench, target, _judge(questions, target, map_document_ids(documents)))


def _judge(questions: QuestionSet, target: EvaluationTarget, ids: Mapping[str, str]) -> Judgements:
    """Match the judgements; of a set in several languages, keep the English questions."""
    asked = read_questions(SHARED / questions.queries)
    if any(each.language == "en" for each in asked):
        asked = tuple(each for each in asked if each.language == "en")
    kept = {each.id for each in asked}
    grades = {
        key: graded
        for key, graded in read_judgements(SHARED / questions.qrels).items()
        if key in kept
    }
    chunks = list(target.store.read_chunks(target.live.collection))
    return match_judgements(asked, grades, chunks, level="page", ids=ids)


def list_milvus_questions() -> list[tuple[str, Grades]]:
    """The English questions of Milvus' users, with the grades of their pages."""
    grades = read_judgements(SHARED / DOMAINS[0].qrels)
    return [
        (each.text, dict(grades[each.id]))
        for each in read_questions(SHARED / DOMAINS[0].queries)
        if each.language == "en" and each.id in grades
    ]
