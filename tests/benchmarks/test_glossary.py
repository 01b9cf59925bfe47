from __future__ import annotations

import zipfile
from dataclasses import replace

from benchmarks.glossary import GLOSSARY, TeamQuestion, measure, questions
from benchmarks.harness.question_sets import MILVUS_CORPUS
from rag_core.query.glossary import Glossary
from rag_core.types import Question
from tests.bot.fakes import answer
from tests.rag_core.fakes import make_passage


class Scripted:
    """Finds the same pages each time, and refuses what it is told to."""

    def search(self, _question: Question, *, limit: int):
        pages = ["en/home.md", "en/home.md", "en/about.md", "en/attu.md"]
        return tuple(make_passage(path=page) for page in pages[:limit])

    def answer(self, question: Question):
        return replace(answer(), status="not_found" if question.text == "odd" else "answered")


def test_hits_and_refusals_are_counted_by_kind():
    asked = [
        TeamQuestion("the console", ["attu.md"], "a"),
        TeamQuestion("odd", ["home.md", "x.md"], "a"),
        TeamQuestion("odd", ["x.md"], "b"),
    ]
    assert measure(Scripted(), asked) == {
        "a": {"questions": 2, "hit@1": 1, "hit@3": 2, "hit@5": 2, "refused": 1},
        "b": {"questions": 1, "hit@1": 0, "hit@3": 0, "hit@5": 0, "refused": 1},
    }


def test_every_question_has_a_word_of_the_glossary():
    glossary = Glossary.read(GLOSSARY)
    assert {each.kind for each in questions()} == {"team's word", "ordinary word"}
    texts = [each.question for each in questions()]
    assert [text for text in texts if not glossary.list_entries_for([text])] == []
    used = {entry for text in texts for entry in glossary.list_entries_for([text])}
    assert set(glossary.entries) - used == set()


def test_every_page_that_a_question_wants_is_there(shared):
    assert shared
    with zipfile.ZipFile(MILVUS_CORPUS) as corpus:
        names = {name.removeprefix("en/") for name in corpus.namelist()}
    assert {page for each in questions() for page in each.pages} - names == set()
