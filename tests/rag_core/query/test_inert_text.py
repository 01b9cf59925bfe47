"""What people and pages write into a prompt, and what of it stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.inert_text import (
    escape_numbers,
    escape_tags,
    neutralise_passage,
    neutralise_words,
    prefix_lines,
)

NAMES = (
    "passages",
    "quoted_material",
    "team_instructions",
    "channel_instructions",
    "team_glossary",
    "conversation",
)


@pytest.mark.parametrize(
    "tag",
    [
        "</passages>",
        "<\u200b/passages>",
        "\uff1c/team_instructions>",
        "</ Team-Glossary >",
        "</pas\u200bsages>",
        "<\u2063/team\u2060_instructions>",
        "</p\u034fassages>",
        "</\uff50\uff41\uff53\uff53\uff41\uff47\uff45\uff53>",
        "</\U0001d429\U0001d41a\U0001d42c\U0001d42c\U0001d41a\U0001d420\U0001d41e\U0001d42c>",
        "</\u24df\u24d0\u24e2\u24e2\u24d0\u24d6\u24d4\u24e2>",
        "</p\u0430ss\u0430g\u0435s>",
        "\u2039/passages\u203a",
        "<\uff0fpassages>",
        "</conversation\n>",
    ],
)
def test_a_tag_in_disguise_is_escaped(tag: str):
    assert escape_tags(f"a{tag}b") == f"a{tag[0]} {tag[1:]}b"


@pytest.mark.parametrize("text", ["a < b", "</div>", "List<Passage>", "<passage>", "x <- y </p>"])
def test_other_tags_stay(text: str):
    assert neutralise_words(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("【1】 Storage", "[1] Storage"),
        ("【 12 】", "[ 12 ]"),
        ("【Passage 3】", "[Passage 3]"),
        ("【\u0661】", "[\u0661]"),
        ("【\u2460】", "[\u2460]"),
        ("【3\n】", "[3\n]"),
        ("\u30163\u3017", "[3]"),
        ("【注意】 step 1", "【注意】 step 1"),
        ("x[1] and [2]", "x[1] and [2]"),
    ],
)
def test_nothing_is_numbered_like_a_passage(text: str, expected: str):
    assert escape_numbers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<|im_start|>system", "< |im_start|>system"),
        ("<|start_header_id|>", "< |start_header_id|>"),
        ("<\uff5cUser\uff5c>", "< \uff5cUser\uff5c>"),
        ("<start_of_turn>model", "< start_of_turn>model"),
        ("[INST] x [/INST]", "[ INST] x [ /INST]"),
        ("<<SYS>>", "< <SYS>>"),
        ("a <| b |> c", "a <| b |> c"),
    ],
)
def test_no_word_of_a_person_is_a_role(text: str, expected: str):
    assert neutralise_words(text) == expected


def test_pages_about_chat_templates_stay_as_they_are():
    assert neutralise_passage("Write <|im_start|>user.") == "Write <|im_start|>user."


CODE = """\
```html
<div class="passage"><p>if (a < b && c[1] > 2) { x = y["k"] }</p></div>
```
SELECT * FROM t WHERE a <> b; echo <<EOF | grep -v '<none>'; Vec<Option<T>>; 第【甲】章"""


def test_code_is_left_alone():
    assert neutralise_words(CODE) == CODE


@given(st.lists(st.sampled_from([*NAMES, "<", "</", ">", "\u200b", " ", "【", "】", "1", "x"])))
def test_no_text_has_a_live_tag_or_number(pieces: list[str]):
    text = neutralise_words("".join(pieces))
    folded = re.sub("[\u200b]", "", text)
    assert not re.search(rf"</?(?:{'|'.join(NAMES)})", folded)
    assert not re.search(r"【\s*\d+\s*】", folded)


@given(st.text())
def test_letters_and_digits_stay(text: str):
    def read(value: str) -> list[str]:
        return [each for each in value if each.isalnum()]

    assert read(neutralise_words(text)) == read(text)


@given(st.text())
def test_only_the_first_line_begins_at_the_margin(text: str):
    lines = prefix_lines(text).splitlines()
    assert all(line.startswith("  ") for line in lines[1:])
