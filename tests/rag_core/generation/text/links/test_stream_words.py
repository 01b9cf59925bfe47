# ruff: noqa: RUF001  (signs of other languages)

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.text.links.stream_words import StreamWords, find_last_word

texts = st.text(st.sampled_from("ab 4数据中ไ。，（.．@&#;/:?*m\u200b<\n`")) | st.text()


def divide(*pieces: str) -> list[str]:
    words = StreamWords()
    return [*(word for piece in pieces for word in words.feed(piece)), words.rest]


@pytest.mark.parametrize(
    "words",
    [
        ["one ", "two.three\n", "rest"],
        ["数", "据", "。", "[1]要", "，", ""],
        ["见", "config.yaml文件，", "好", ""],
        ["例", "子", ".中国）好", ""],
        ["v2.4支", "持", ""],
        ["evil。", "com）例", ""],
        ["a&#46;中国，", "好", ""],
        ["https://a.b/中国。", "好", ""],
        ["读", "/写", "MAILTO:我，", "a.b/路径）c "],
        ["a.**中国**(x)好", ""],
        ["ໄ", "a ", "ខ", ""],
    ],
)
def test_a_word_ends_where_no_name_goes_on(words: list[str]):
    if words[-1].endswith(" "):
        words = [*words, ""]
    assert divide("".join(words)) == words


@given(texts, st.data())
def test_the_pieces_make_no_difference(text: str, data: st.DataObject):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    edges = [0, *cuts, len(text)]
    words = divide(*(text[a:b] for a, b in itertools.pairwise(edges)))
    assert "".join(words) == text
    assert words == divide(text)


@pytest.mark.parametrize("sign", ["x", "[", "/", "//"])
def test_a_word_has_an_end(sign: str):
    assert [len(word) for word in divide(sign * 5_000)[:2]] == [2_000, 2_000]


def test_a_long_word_ends_within_no_name():
    assert divide("(" * 1_995 + "a.bcd" + "e x")[0] == "(" * 1_995 + "a.bcde "
    assert divide(".中" * 1_500)[0] == ".中" * 1_000 + "."


def test_what_is_taken_is_no_part_of_the_word():
    words = StreamWords()
    assert list(words.feed("abc")) == []
    assert words.extract(2) == "ab"
    assert list(words.feed("d ")) == ["cd "]


@pytest.mark.parametrize(
    ("text", "end"),
    [("a b.c", 2), ("数据，a.b", 3), ("数据。", 0), ("a。b", 0), ("数" * 100, 20), ("x" * 100, 0)],
)
def test_the_last_word_is_found(text: str, end: int):
    assert find_last_word(text) == end
