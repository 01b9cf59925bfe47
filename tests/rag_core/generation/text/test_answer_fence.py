"""A fence around a whole answer is taken away, and no other."""

# ruff: noqa: RUF001  (commas of other languages)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.text.answer_fence import FenceUnwrapper

TOKENS = [
    "```",
    "````",
    "~~~",
    "markdown",
    "md",
    "sh",
    "\n",
    "\n\n",
    "It is kept [1].",
    " ",
    "x = 1",
]


def unwrap(pieces) -> str:
    fence = FenceUnwrapper()
    return "".join(map(fence.feed, pieces)) + fence.flush()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("```markdown\nIt is kept 【1】.\n```", "It is kept 【1】.\n"),
        ("\n~~~md\n# Data\n\n- one\n~~~\n", "# Data\n\n- one\n"),
        ("```Markdown\nIt is cut", "It is cut"),
        ("```\nIt is kept in the store.\nIt is never changed again.\n```\n", None),
        ("```text\n数据存储在对象存储中，不会改变。\n```", "数据存储在对象存储中，不会改变。\n"),
        ("```md\nIt is [1].\n\n```sh\nmake\n```\nSo it is.\n```", None),
        ("```md\nIt is [1].\n\n```\nmake\n```\n\nSo it is [2].\n```", None),
        ("````md\nIt is [1].\n\n```\nmake\n```\n````", "It is [1].\n\n```\nmake\n```\n"),
        ("```md\nIt is kept [1].\n```\nAsk me more.", "It is kept [1].\nAsk me more."),
    ],
)
def test_a_fence_around_an_answer_is_taken_away(text, shown):
    if shown is None:  # all but the first and the last line
        shown = "\n".join(text.strip().split("\n")[1:-1]) + "\n"
    assert unwrap([text]) == shown
    assert unwrap(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It is kept.",
        "```\ndocent index\ndocent serve\n```",
        "```python\nprint('It is kept in the store.')\n```",
        "```\nx[1] = 2\n```\nIt is kept [1].",
        "```markdown\n!!! note\n```\nThat makes a note [1].",
        "```yaml\nkey: value\n```",
        "``code`` [1]",
        "So:\n```markdown\n# Data\n```\n",
    ],
)
def test_other_fences_stay(text):
    assert unwrap([text]) == text
    assert unwrap(text) == text


@given(st.lists(st.sampled_from(TOKENS), max_size=20).map("".join))
def test_a_text_in_pieces_reads_as_in_one(text):
    assert unwrap(text) == unwrap([text])
    assert unwrap("```md\n" + text) == unwrap(["```md\n" + text])


def test_an_answer_is_shown_as_soon_as_it_cites():
    fence = FenceUnwrapper()
    assert fence.feed("```markdown\nIt is kept 【1】.\n") == "It is kept 【1】.\n"
    assert fence.feed("It is") == "It is"
    assert fence.feed(" safe.\n```\n") == " safe.\n"
    assert fence.flush() == ""
