"""What is said about chat templates can be copied as the documentation has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.text.answer_text import AnswerText
from rag_core.generation.text.roles import RoleRestorer
from rag_core.query.inert_text import escape_roles
from tests.rag_core.fakes import make_passage

PAGE = "Begin with `<|im_start|>user`, end with `<|im_end|>`, or write [INST] and </s>."
PASSAGES = (make_passage(PAGE),)


def read(text: str, pieces: int = 1) -> str:
    restorer = RoleRestorer(PASSAGES)
    parts = [restorer.feed(text[at : at + pieces]) for at in range(0, len(text), pieces)]
    return "".join(parts) + restorer.flush()


@pytest.mark.parametrize("pieces", [1, 2, 5, 1_000])
def test_what_the_prompt_has_broken_is_whole_again(pieces: int):
    assert escape_roles(PAGE) != PAGE
    assert read(escape_roles(PAGE), pieces) == PAGE


@pytest.mark.parametrize(
    "text", ["< |user|>", "a < s> b", "if a < |b|> c", "< |im_start", "[ INST"]
)
def test_what_no_passage_holds_stays(text: str):
    assert read(text) == text
    assert read(text, pieces=1) == text


def test_a_role_of_the_question_is_whole_again():
    answer = AnswerText((), question="What do [INST] and <|turn> do?")
    answer.feed("[ INST] begins a turn, < |turn> too; [ /INST] is another.")
    answer.flush()
    assert answer.text == "[INST] begins a turn, <|turn> too; [ /INST] is another."


@given(st.lists(st.sampled_from(["< ", "<", "|im_start|>", "|im_", "[ ", "INST]", "/s>", "x"])))
def test_pieces_change_nothing(parts: list[str]):
    text = "".join(parts)
    assert read(text, pieces=1) == read(text, pieces=len(text) or 1)


def test_an_answer_quotes_a_template_as_it_is():
    answer = AnswerText(PASSAGES)
    for sign in "Write `< |im_start|>user` first 【1】.":
        answer.feed(sign)
    answer.flush()
    assert "`<|im_start|>user`" in answer.text
