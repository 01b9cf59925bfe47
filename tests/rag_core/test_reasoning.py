# ruff: noqa: RUF001  (signs of other languages)
"""Reasoning is never shown, and answers that speak of its tags are whole."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.reasoning import ReasoningFilter, strip_reasoning

TOKENS = [
    "<think>",
    "</think>",
    "<",
    "</",
    "think",
    ">",
    "`",
    "```",
    "\n",
    "\n\n",
    " ",
    "word",
    ".",
]
TOKENS += ["Okay, the user", "<|channel|>final<|message|>", "<|end|>", "<answer>", "</answer>", ":"]
FINAL = "<|start|>assistant<|channel|>final<|message|>"


def strip_pieces(pieces) -> str:
    reasoning = ReasoningFilter()
    text = ""
    for piece in [*pieces, None]:
        restarts = reasoning.restarts
        shown = reasoning.flush() if piece is None else reasoning.feed(piece)
        text = shown if reasoning.restarts > restarts else text + shown
    return text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>The user asks.</think>\n\nIt is in S3 [1].", "It is in S3 [1]."),
        ("<THINKING>It asks.</THINKING>It is.", "It is."),
        ("<thought>a</thought>\n<reasoning>b</reasoning>\nIt is.", "It is."),
        ('<think time="3">a</think>It is.', "It is."),
        ("<seed:think>a</seed:think>It is.", "It is."),
        ("[THINK]a[/THINK]It is.", "It is."),
        ("◁think▷a◁/think▷It is.", "It is."),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>It is.<|END_RESPONSE|>", "It is."),
        ("<think>a</think>\n<answer>\nIt is.\n</answer>", "It is."),
        ('<details type="reasoning" done="true">\n> a\n</details>\nIt is.', "It is."),
        (f"<|channel|>analysis<|message|>We look.<|end|>{FINAL}It is.<|return|>", "It is."),
        (f"{FINAL}It is.", "It is."),
        ("analysisWe need passage 1.assistantfinalIt is.", "It is."),
        ("<think>It asks what `</think>` does.</think>It ends.", "It ends."),
        ("<think>```\ncode without an end\n</think>It is.", "It is."),
        ("<think>\nIt never ends.\n\nMilvus is", ""),
        ("<think>", ""),
        ("<|channel|>analysis<|message|>It never ends", ""),
        ("The user asks about storage.</think>\n\nIt is in S3 [1].", "It is in S3 [1]."),
        ("Okay, so where is it?\nAh, `s3`.\n</think>\n\nIt is.", "It is."),
        ("Storage is what it asks for. Passage 1 says where.\n</think>\nIt is.", "It is."),
        ("</think>\n\nIt is.", "It is."),
        ("<think>\n\n</think>\n\nIt is.", "It is."),
        ("It is.\n\n<think>Is it?</think>\n\nIt really is.", "It is.\n\nIt really is."),
        ("Okay, the user asks for storage. I should look.</think>", ""),
        ("To a broker [1].</think>", "To a broker [1]."),
        ("To a broker [1].\n</think>\n\n", "To a broker [1]."),
        ("- To a broker [1].\n- Not to S3.\n</think>\n\nIt is.", "It is."),
        ("<think>\n    a\n    </think>\n\nIt is.", "It is."),
    ],
)
def test_reasoning_is_taken_out(text, answer):
    assert strip_reasoning(text).strip() == answer
    assert strip_pieces(text).strip() == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "It is in S3 [1].\n",
        "Qwen3 reasons between <think> and </think> tags.",
        "It ends with </think>, as R1 does.",
        "Cut at </think> to see the answer.",
        "Use `<think>` first.\n`</think>`\nends it.",
        "Like this:\n\n```\n<think>\nWhy?\n</think>\n```\n\nThat is all.",
        "It looks like this:\n\n<think>\nWhy?\n</think>\nThat is all.",
        "Okay, let's see how the user `root` is made: with `create_user`.",
        "The user can pass `timeout`.\n\nThe question is when.",
        "analysis of logs needs a broker",
        "Write <thinker> or [think] or <answer>x</answer>.",
        "<|im_end|> ends a turn of ChatML.",
        "The parser looks for the closing tag </think>",
        "The parser looks for the closing tag </think>\n",
        "The user should look for the closing tag </think>",
        "Set `stop` to one of these.\n- </think>\n- <|end|>\n\nThen restart.",
        "Set it to one of:\n1. </answer>\n2. </think>\n\nThen restart.",
        "Cut at this tag:\n\n</think>\n\nWhat follows is the answer.",
        "Use it so.\n\n    <think>\n    x\n\nDone [1].",
        "Use it so.\n\n\t<think>\n\tx\n\t</think>\n\nDone [1].",
        "Use it so.\n\n- First\n\n      <think>\n      x\n      </think>\n\nDone [1].",
        "Use it so.\n\n````md\n```\ncode\n```\n\n<think>\nx\n</think>\n````\n\nDone [1].",
        "Use it so.\n\n~~~~\n~~~\n<think>\nx\n</think>\n~~~~\nDone [1].",
        "Use it so.\n\n```\n```py\n<think>\n</think>\n```\nDone [1].",
        "Das Modell schreibt <think>, dann </think>\nund dann die Antwort.",
    ],
)
def test_an_answer_that_is_no_reasoning_is_whole(text):
    assert strip_reasoning(text) == text
    assert strip_pieces(text) == text


@given(st.lists(st.sampled_from(TOKENS), max_size=20).map("".join) | st.text(), st.data())
@example("x" * 200 + "\n</think>\n<think>a</think>b", None)
def test_a_text_in_pieces_reads_as_in_one(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8)) if data else []
    edges = sorted({0, len(text), *cuts})
    pieces = [text[a:b] for a, b in itertools.pairwise(edges)] if data else list(text)
    assert strip_pieces(pieces) == strip_reasoning(text)


@given(st.text())
def test_what_stands_between_the_tags_is_never_shown(text):
    assert strip_pieces(f"<think>{text.replace('<', '')}</think>It is.") == "It is."


@given(st.text(st.characters(exclude_characters="<[◁", exclude_categories=["Cs"])))
def test_a_text_without_tags_is_unchanged(text):
    if not text.lstrip().startswith("analysis"):
        assert strip_pieces(text) == text


def test_text_is_shown_at_once_unless_it_may_be_reasoning():
    reasoning = ReasoningFilter()
    assert reasoning.feed("Milvus stores data") == "Milvus stores data"
    assert reasoning.feed(" in S3 <") == " in S3 "
    assert reasoning.feed("3") == "<3"
    held = ReasoningFilter()
    assert held.feed("Okay, the user asks where data is. " * 9) == ""
    assert held.feed("It is in S3.") == ""
    assert held.flush().endswith("It is in S3.")


@pytest.mark.parametrize(
    "text",
    [
        "用户可以通过角色获得权限。",
        "用户名和密码在配置文件中设置。",
        "使用者可以在界面中创建集合。",
        "我们可以使用索引来加速搜索。",
        "首先，将文档分成段落，然后写入集合。",
        "助手和思考模型都可以使用。",
        "ユーザーは役割によって権限を得ます。",
        "まず、コレクションを作成する必要があります。",
        "The user can pass a password when a role is created. ",
        "The query node loads segments into memory and searches them. ",
        "Users ask questions in a channel, and the bot answers them there. ",
        "Thinking models write a long text before the answer that counts. ",
        "The assistant is a program that answers questions of people. ",
        "We can create an index on each field of the collection, at any time. ",
        "Based on the provided documentation, segments are kept in S3. ",
        "Der Benutzer kann ein Passwort setzen, sobald er angemeldet ist. ",
        "Пользователь может создать коллекцию, если у него есть роль. ",
        "Вопросы о лицензии задают авторам проекта через страницу проекта. ",
    ],
)
def test_an_answer_that_only_begins_like_reasoning_is_shown_early(text):
    reasoning = ReasoningFilter()
    assert reasoning.feed(text * 9) == text * 9


@pytest.mark.parametrize(
    "text",
    [
        "用户想知道数据存储在哪里。",
        "用户问的是如何加载集合。",
        "首先，我需要回答这个问题。",
        "The user is asking about storage. ",
        "Well, we need to answer from the passages. ",
        "Der Nutzer möchte wissen, wo die Daten liegen. ",
        "Пользователь спрашивает, где хранятся данные. ",
        "まず、ユーザーは保存先について質問しています。",
    ],
)
def test_what_may_be_reasoning_is_held_back(text):
    reasoning = ReasoningFilter()
    assert reasoning.feed(text * 9) == ""
    assert reasoning.flush() == text * 9


def test_text_that_turns_out_to_be_reasoning_is_counted():
    reasoning = ReasoningFilter()
    assert reasoning.feed("Storage it is, then.\n") == "Storage it is, then.\n"
    assert reasoning.restarts == 0
    assert reasoning.feed("</think>\nIt is in S3.") == "It is in S3."
    assert reasoning.restarts == 1
