"""Evidence and explanation, in messages that Discord takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord.content.answer import MESSAGE_LIMIT
from bot.discord.views.evidence import MOST_MESSAGES, render_evidence, render_explanation
from bot.storage.answers import AnswerRecord
from bot.texts import button_labels as words
from bot.texts.catalog import LANGUAGES, set_language
from bot.types import MessageKey
from rag_core.types import Answer, Passage, Timings, Usage
from tests.bot.discord.content.reader import read
from tests.bot.fakes import answer, chunk, citation
from tests.bot.markup.test_splitting import documents

GIVEN = replace(
    answer(citations=(citation(1),)),
    passages=(citation(1).passage, Passage(chunk(2, title="Logs"), 0.5, None)),
    query="how is data deleted in Milvus?",
    timings=Timings(rewrite_ms=12.4, total_ms=900),
    usage=Usage(1200, 85),
)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    set_language("en")


def keep(given_answer: Answer, question: str = "how is it deleted?") -> AnswerRecord:
    key = MessageKey("T0", "C0", "1.0")
    return AnswerRecord("id", key, "1.0", "U0", question=question, answer=given_answer)


def test_the_evidence_shows_cited_passages_first_with_scores():
    (passages, origin) = render_evidence(keep(GIVEN), GIVEN)
    lines = passages.splitlines()
    assert (
        lines[0] == "**[1] [Storage \u203a Where data lives](<https://example.com/page1#where>)**"
    )
    assert lines[1:3] == [
        "Data lives in object storage.",
        "-# retrieval 0.900 · rerank 0.800",
    ]
    assert lines[3] == f"-# {words.NOT_CITED}"
    assert lines[4].startswith("**[Logs ")
    assert "**Question**: how is it deleted?" in origin
    assert "**Searched for**: how is data deleted in Milvus?" in origin


def test_the_evidence_names_the_host_that_a_label_hides():
    text = "Log in at [https://bank.example/login](https://evil.test/x) or [here](https://a.test)."
    given_answer = answer(citations=(citation(1, replace(chunk(), text=text)),))
    shown = "\n".join(render_evidence(keep(given_answer), given_answer))
    assert "(<https://evil.test/x>)" in shown
    assert "(evil.test)" in shown
    assert "[here](<https://a.test>)" in shown
    assert "[https" not in shown


def test_evidence_that_is_too_long_is_cut_and_says_so():
    long = [citation(n, replace(chunk(n), text="word " * 800)) for n in range(1, 9)]
    given_answer = answer(citations=tuple(long))
    messages = render_evidence(keep(given_answer), given_answer)
    assert len(messages) == MOST_MESSAGES
    assert words.EVIDENCE_CUT in messages[-2]
    assert "**Question**" in messages[-1]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(documents, min_size=1, max_size=4), st.text(max_size=900), st.sampled_from(LANGUAGES)
)
def test_any_evidence_fits_and_closes_its_code(texts: list[str], question: str, language: str):
    set_language(language)
    cited = [citation(n, replace(chunk(n), text=text)) for n, text in enumerate(texts, 1)]
    given_answer = answer(citations=tuple(cited))
    record = keep(given_answer, question)
    shown = [*render_evidence(record, given_answer), *render_explanation(record, given_answer)]
    assert len(shown) <= MOST_MESSAGES + 2
    for message in shown:
        assert 0 < len(message) <= MESSAGE_LIMIT
        assert message.count("```") % 2 == 0
        assert {"mention", "emoji", "address"} & set(read(message).kinds) == set()


def test_the_explanation_tells_the_query_and_both_scores():
    (shown,) = render_explanation(keep(GIVEN), GIVEN)
    assert "**Searched for**: how is data deleted in Milvus?" in shown
    assert "rewriting 12 ms" in shown
    assert "1,200 read, 85 written" in shown
    assert "**Passages**\n1. [Storage" in shown
    assert "retrieval 0.900 · rerank 0.800 · cited as [1]" in shown
    assert "2. [Logs " in shown
    assert "retrieval 0.500 · rerank -" in shown


def test_an_answer_without_passages_says_so():
    bare = replace(answer(citations=()), passages=())
    assert "**Passages**: none" in render_explanation(keep(bare), bare)[0]
