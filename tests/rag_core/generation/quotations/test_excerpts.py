from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.quotations.excerpts import (
    MAX_BLOCK,
    Group,
    close_end,
    extend_range,
    find_start,
    group_blocks,
    has_sentence,
    is_pointer,
    join_blocks,
    trim_code,
)
from rag_core.generation.quotations.markdown_blocks import Block, mark_titles, split_blocks

CODE = "```sh\nls logs\n```"
TABLE = "| Name | Meaning |\n| --- | --- |\n| a | one |"


def grouped(markdown: str, question: str = "") -> list[str]:
    return [group.text for group in group_blocks(split_blocks(markdown), question)]


def groups_of(*texts: str) -> list[Group]:
    return [Group(tuple(split_blocks(text))) for text in texts]


@pytest.mark.parametrize(
    "together",
    [
        f"List the logs so:\n\n{CODE}",
        f"List the logs.\n\n{CODE}\n\n```\na.log\n```",
        f"These are the names.\n\n{TABLE}",
        "Is it fast?\n\nYes, very.",
        "__Is it fast?__\n\nYes, very.",
        "Batch size\n\nThe number of rows in a batch.",
        "**Note**\n\nIt is slow.",
        "You need:\n\n- Docker\n- Helm\n- A cluster",
        f"Instead of:\n\n{CODE}\n\nuse the command below.\n\n{CODE}",
        f"This is wrong.\n\n{CODE}\n\nWrite it so:\n\n{CODE}",
        f"The old way is deprecated:\n\n{CODE}\n\nCall this one.\n\n{CODE}",
        "Look at the figures below.\n\n- Ten\n- Twenty",
        f"Avoid this:\n\n{CODE}\n\nAdd the logs at once.\n\n{CODE}",
        f"❌ Bad:\n\n{CODE}\n\n✅ Good:\n\n{CODE}",
        f"Before:\n\n{CODE}\n\nAfter:\n\n{CODE}",
        f"**Bad example:**\n\n{CODE}\n\n**Good example:**\n\n{CODE}",
        "This approach is not recommended.\n\nIt is better to use the other one.",
    ],
)
def test_what_belongs_together(together: str):
    assert grouped(f"Before it.\n\n{together}\n\nBehind it.")[1] == together


def test_code_at_the_beginning_is_explained_by_what_follows_it():
    assert grouped(f"{CODE}\n\nThis lists the logs.\n\nMore.")[0] == (
        f"{CODE}\n\nThis lists the logs."
    )


def test_a_warning_at_the_end_comes_with_what_is_before_it():
    assert grouped("Use `add`.\n\nDon't use `append`.") == ["Use `add`.\n\nDon't use `append`."]


@pytest.mark.parametrize(
    "lead",
    ["Before you start, run this:", "To avoid duplicates, run this:", "Not only logs are listed:"],
)
def test_what_only_reads_like_a_warning_stands_alone(lead: str):
    assert grouped(f"{lead}\n\n{CODE}\n\nMore is here.") == [f"{lead}\n\n{CODE}", "More is here."]


def test_sentences_stand_alone():
    assert grouped("One is here.\n\nTwo is there.") == ["One is here.", "Two is there."]


def test_a_long_list_is_divided():
    item = "- " + "word " * 50
    found = grouped("You need:\n\n" + "\n".join([item] * 8))
    assert len(found) == 8
    assert found[0].startswith("You need:\n\n- word")


VARIANTS = (
    "Call it:\n\n```python\np()\n```\n\n```java\nj();\n```\n\n```javascript\ns()\n```\n\nDone."
)


@pytest.mark.parametrize(
    ("question", "kept"),
    [("How do I call it?", "p()"), ("How in Java?", "j();"), ("and with Node.js?", "s()")],
)
def test_of_code_in_several_languages_one_stays(question: str, kept: str):
    text = grouped(VARIANTS, question)[0]
    assert [name for name in ("p()", "j();", "s()") if name in text] == [kept]
    named = "Python:\n\n```python\np()\n```\n\nJava:\n\n```java\nj();\n```\n\nC++:\n\n```\ns()\n```"
    text = " ".join(grouped(f"Call it so.\n\n{named}", question.replace("Node.js", "C++")))
    assert [name for name in ("p()", "j();", "s()") if name in text] == [kept]


def test_code_in_one_language_and_commands_stay():
    steps = "Do it:\n\n```bash\na\n```\n\n```python\nb\n```\n\n```python\nc\n```\n\n```\nd\n```"
    assert grouped(steps) == [steps]


@pytest.mark.parametrize(
    "text",
    [
        "See [the guide](https://a.example).",
        "Refer to [create_user()](https://a.example/create) for details.",
        "For more information, refer to Indexes.",
        "For more details, see the reference. Read more here.",
        "This guide explains how to run it.",
        "In this section, you will learn how to build an index.",
        "To learn more about formats, read Formats.",
        "[Formats](https://a.example)",
        "Weitere Informationen stehen im Handbuch.",
        "详见安装指南。",
        "Please refer to [the API](https://a.example) for more.",
    ],
)
def test_pointers(text: str):
    assert is_pointer(split_blocks(text)[0])


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "是。",
        "Set `a` to 1. For more information, see B.",
        "See that the port is open: it must be 19530, or the client waits.",
        "This page is cached for an hour.",
        "Reading takes ten seconds.",
        "Information is kept for a week.",
        "`refer_to`",
    ],
)
def test_sentences_that_say_something_are_no_pointers(text: str):
    assert not is_pointer(split_blocks(text)[0])


def test_bare_groups():
    bare = groups_of(CODE, "**Note**", f"Java:\n\n{CODE}", TABLE)
    assert [group.is_bare for group in bare] == [True] * 4
    said = groups_of(
        "No.",
        f"This lists all the logs.\n\n{CODE}",
        f"运行以下命令：\n\n{CODE}",  # noqa: RUF001
        "| Name | Meaning |\n| --- | --- |\n| a | The port of the server. |",
    )
    assert [group.is_bare for group in said] == [False] * 4
    assert not has_sentence(Block("code", "```\nthese are four words\n```"))


GROUPS = groups_of("a" * 100, "b" * 100, "c" * 100, "d" * 100, "e" * 100)


@pytest.mark.parametrize(
    ("best", "budget", "scores", "expected"),
    [
        (2, 0, {}, range(2, 3)),
        (0, 9_999, {}, range(5)),
        (2, 310, {}, range(3)),  # all that leads to it comes first
        (4, 310, {}, range(2, 5)),
        (3, 210, {}, range(3, 5)),  # the one behind, if both are equal
        (3, 210, {2: 0.9, 4: 0.1}, range(2, 4)),
        (3, 210, {2: 0.1, 4: 0.9}, range(3, 5)),
    ],
)
def test_the_best_group_is_extended_within_the_budget(best, budget, scores, expected):
    assert extend_range(GROUPS, scores, best, budget) == expected


def test_what_is_quoted_already_is_not_quoted_again():
    assert extend_range(GROUPS, {}, 3, 9_999, {0, 1}) == range(2, 5)
    assert extend_range(GROUPS, {}, 1, 9_999, {3}) == range(3)


def test_code_gets_the_sentence_before_it_whatever_the_budget():
    groups = groups_of("This lists all the logs.", "See [a](https://a.example).", CODE, CODE)
    assert find_start(groups, 3) == 0
    assert extend_range(groups, {}, 3, 1) == range(4)
    assert find_start(groups, 1) == 1
    assert find_start(groups_of(CODE, CODE), 1) == 0


def test_long_code_is_cut_between_its_blocks():
    blocks = split_blocks(f"So:\n\n{CODE}\n\n{CODE}\n\n{TABLE}")
    assert join_blocks(trim_code(blocks, 1)) == f"So:\n\n{CODE}"
    assert trim_code(blocks, 9_999) == tuple(blocks)
    assert trim_code(blocks[:1], 1) == tuple(blocks[:1])


@pytest.mark.parametrize(
    "block",
    [
        "```sh\n" + "ls logs\n" * 2_000 + "```",
        "- List:\n\n  ```sh\n" + "  ls logs\n" * 2_000 + "  ```",
        "| a | b |\n| - | - |\n" + "| 1 | 2 |\n" * 2_000,
        "word " * 3_000,
        "\u8bcd" * 9_000,
    ],
)
def test_no_block_is_longer_than_a_quotation(block: str):
    (whole,) = split_blocks(block)
    (cut,) = trim_code([whole], 1)
    assert MAX_BLOCK // 2 < len(cut.text) <= MAX_BLOCK + 10
    assert split_blocks(cut.text) == [cut]
    assert cut.text.count("```") == whole.text.count("```")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It runs. Do so:", "It runs."),
        ("It runs. But why?", "It runs."),
        ("It runs.\n\nDo so:", "It runs."),
        ("It runs.\n\n**Note**", "It runs."),
        ("It runs.\n**Note**", "It runs."),
        ("It runs.\n\nBatch size\n\nSet it so:", "It runs."),
        ("**Note**", ""),
        # What nothing follows is no title, but the last sentence.
        ("It runs.\n\nThe default port is 19530", "It runs.\n\nThe default port is 19530"),
        ("Log level: info", "Log level: info"),
        ("**The default port is 19530**", "**The default port is 19530**"),
        ("**It is slow.**", "**It is slow.**"),
        ("It runs.\n\n- One\n- Two:", "It runs.\n\n- One"),
        ("1. One\n   - two\n   - three:", "1. One\n   - two"),
        ("There are two kinds...", ""),
        ("Do so:", ""),
        (f"Do so:\n\n{CODE}", f"Do so:\n\n{CODE}"),
        ("So `a: b:`", "So `a: b:`"),
    ],
)
def test_no_end_is_left_open(text: str, expected: str):
    assert join_blocks(close_end(mark_titles(split_blocks(text)))) == expected


@given(
    st.lists(
        st.sampled_from(
            ["It is so.", "Do so:", "Why?", CODE, TABLE, "- One", "- Two:", "**Note**", "Title"]
        )
    )
)
def test_groups_lose_and_reorder_nothing(parts: list[str]):
    blocks = split_blocks("\n\n".join(parts))
    groups = group_blocks(blocks)
    assert [block for group in groups for block in group.blocks] == mark_titles(blocks)
    closed = close_end(mark_titles(blocks))
    assert len(closed) <= len(blocks)
    text = join_blocks(closed)
    assert not text.rstrip("* ").endswith((":", "?"))
