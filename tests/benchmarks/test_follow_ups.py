from __future__ import annotations

import json
import zipfile
from collections import Counter

from benchmarks.follow_ups import FITTED, STAND_ALONE, Thread, measure, threads
from benchmarks.harness.domains import CORPORA, SHARED
from rag_core.types import Question, Turn
from tests.rag_core.fakes import make_passage

LEANING = Thread(["How do I install Milvus?"], "And with a GPU?", ["gpu.md"], "leaning")
NEW = Thread(["How do I install Milvus?"], "What is HNSW?", ["index.md"], "new topic")
ALONE = Thread(["Was ist Milvus?"], "Gibt es ein Limit?", [], STAND_ALONE, "de")


def test_each_way_is_counted_by_kind():
    def search(question: Question):
        pages = ["en/home.md", "en/home.md", "en/about.md", "en/index.md", "en/gpu.md"]
        if question.history:
            assert question.history[0].role == "user"
            pages = pages[:2] + pages[3:]
        if question.text.startswith("Was ist"):
            pages = pages[::-1]
        return [make_passage(path=page) for page in pages]

    none, both = {"hit@3": 0}, {"hit@3": 1}
    assert measure(search, [LEANING, NEW, ALONE]) == {
        "threads": {"leaning": 1, "new topic": 1, STAND_ALONE: 1},
        "as asked": {
            "leaning": none,
            "new topic": both,
            STAND_ALONE: {"first page kept": 1, "de": 1},
        },
        "joined": {
            "leaning": none,
            "new topic": both,
            STAND_ALONE: {"first page kept": 0, "de": 0},
        },
        "in its thread": {
            "leaning": both,
            "new topic": both,
            STAND_ALONE: {"first page kept": 1, "de": 1},
        },
    }


def test_the_last_question_knows_its_thread():
    assert LEANING.in_thread.history == (Turn("user", "How do I install Milvus?"),)


def test_every_page_that_a_thread_wants_is_there(shared):
    assert shared
    with zipfile.ZipFile(SHARED / "corpus" / CORPORA["milvus"]) as corpus:
        names = {name.removeprefix("en/") for name in corpus.namelist()}
    wanted = {page for thread in threads() for page in thread.pages}
    assert wanted - names == set()


def test_what_the_threads_are():
    kinds = Counter(thread.kind for thread in threads())
    assert kinds == {"leaning": 46, "new topic": 18, STAND_ALONE: 60}
    languages = Counter(thread.language for thread in threads() if thread.kind == STAND_ALONE)
    assert languages == dict.fromkeys(("en", "de", "ru", "zh", "ja", "fr"), 10)


def test_no_thread_is_fitted_and_measured_under_another_kind():
    rows = [json.loads(line) for line in FITTED.read_text().splitlines()]
    assert {row["kind"] for row in rows} == {"leaning", STAND_ALONE}
    assert {row["domain"] for row in rows} == set(CORPORA)
    measured = {(*thread.thread, thread.question) for thread in threads()}
    assert measured.isdisjoint((*row["thread"], row["question"]) for row in rows)
