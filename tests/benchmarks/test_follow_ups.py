from __future__ import annotations

import zipfile

from benchmarks.follow_ups import Thread, measure, threads
from benchmarks.retrieval import CORPUS
from rag_core.types import Question, Turn
from tests.rag_core.fakes import make_passage

LEANING = Thread(["How do I install Milvus?"], "And with a GPU?", ["gpu.md"], "leaning")
NEW = Thread(["How do I install Milvus?"], "What is HNSW?", ["index.md"], "new topic")


def test_each_way_is_counted_by_kind():
    def search(question: Question):
        pages = ["en/home.md", "en/home.md", "en/about.md", "en/index.md", "en/gpu.md"]
        if question.history:
            assert question.history == (Turn("user", "How do I install Milvus?"),)
            pages = pages[:2] + pages[3:]
        return [make_passage(path=page) for page in pages]

    assert measure(search, [LEANING, NEW]) == {
        "threads": {"leaning": 1, "new topic": 1},
        "as asked": {"leaning": {"hit@3": 0}, "new topic": {"hit@3": 1}},
        "joined": {"leaning": {"hit@3": 0}, "new topic": {"hit@3": 1}},
        "rewritten": {"leaning": {"hit@3": 1}, "new topic": {"hit@3": 1}},
    }


def test_every_page_that_a_thread_wants_is_there(shared):
    assert shared
    with zipfile.ZipFile(CORPUS) as corpus:
        names = {name.removeprefix("en/") for name in corpus.namelist()}
    wanted = {page for thread in threads() for page in thread.pages}
    assert wanted - names == set()
    assert {thread.kind for thread in threads()} == {"leaning", "new topic"}
