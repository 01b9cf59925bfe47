from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag_core.generation.extractive import QUOTED_PASSAGES, quote
from rag_core.types import Passage
from tests.rag_core.fakes import HashEmbedder, make_passage

EMBEDDER = HashEmbedder()
LINK = re.compile(r"^> \[(\d+)\] \[.*\]\(<.*>\)$")

# Everything that could confuse the splitting: fences, lists, headings, ends of sentences.
markdown = st.lists(
    st.one_of(
        st.sampled_from(["```", "```py\n", "\n```\n", "~~~", "````", "`", "- ", "1. ", "> ", "# "]),
        st.sampled_from(["\n", "\n\n", "  ", "    ", "\t", "| a | b |", "*bold*", "-5", "10) "]),
        st.sampled_from(["Data", "logs", "No", "x", ". ", "? ", '."', ".) ", "。", "数据"]),
    ),
    max_size=40,
).map("".join)


def quoted(question: str, *passages: Passage) -> tuple[str, tuple[int, ...]]:
    return quote(EMBEDDER, EMBEDDER.embed_query(question), passages)


def bodies(text: str) -> list[str]:
    """The quotations without their links and their `>`."""
    found: list[str] = []
    lines: list[str] = []
    for line in text.splitlines():
        if LINK.match(line):
            assert lines.pop() == ">"
            found.append("\n".join(part.removeprefix(">").removeprefix(" ") for part in lines))
            lines = []
        elif line or lines:
            lines.append(line)
    assert lines == []
    return found


def is_subsequence(part: str, whole: str) -> bool:
    letters = iter(whole)
    return all(letter in letters for letter in part)


def bare(text: str) -> str:
    return "".join(text.split())


def test_the_sentence_that_answers_with_its_link():
    passage = make_passage(
        "Milvus is a database. Logs go to a message broker. It is fast.", headings=("Logs",)
    )
    assert quoted("Where do logs go? A message broker?", passage) == (
        "> Logs go to a message broker.\n>\n> [1] [Storage > Logs](<https://docs.example/en/storage.md>)",
        (1,),
    )


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        # A quotation mark or a bracket after the stop belongs to the sentence before it.
        ('He said "Stop data." Then he left.', "said stop data", 'He said "Stop data."'),
        ("(See the data logs.) Zebras run.", "see data logs", "(See the data logs.)"),
        # The number of a list item is no sentence.
        ("1. Install docker now.\n2. Zebras run.", "install docker now", "1. Install docker now."),
        # A heading does not swallow the line below it.
        ("# Zebra\nData is here.", "data is here", "Data is here."),
        # A paragraph is read as one although its lines are wrapped.
        ("Data is in\nobject storage. Zebra.", "data object storage", "Data is in object storage."),
        # Code goes with the sentence before it, and text behind it starts anew.
        (
            "Zebras run. List logs so:\n```sh\nls logs\n```\n",
            "list logs so ls",
            "List logs so:\n\n```sh\nls logs\n```",
        ),
        # A fence of a list item is moved to the margin, one that was cut off is closed.
        (
            "- List logs:\n\n   ```sh\n   ls logs\n     all\n   ```\n",
            "list logs ls all",
            "- List logs:\n\n```sh\nls logs\n  all\n```",
        ),
        ("```sh\nls logs", "ls logs", "```sh\nls logs\n```"),
        ("````md\n```\nls logs\n```\n````", "ls logs", "````md\n```\nls logs\n```\n````"),
        ("数据在这里。日志在那里。", "数据在这里", "数据在这里。"),
    ],
)
def test_what_is_quoted(text, question, expected):
    found, numbers = quoted(question, make_passage(text, title=""))
    assert numbers == (1,)
    assert bodies(found) == [expected]


def test_a_long_block_of_code_is_left_out():
    code = "```sh\n" + "ls logs\n" * 20 + "```"
    found, _ = quoted("ls logs", make_passage(f"See the logs.\n\n{code}", title=""))
    assert bodies(found) == ["See the logs."]


def test_passages_that_say_less_are_left_out():
    found, numbers = quoted(
        "logs go to a broker",
        make_passage("Logs go to a broker.", title="", path="a.md"),
        make_passage("Zebras run.", title="", path="b.md"),
        make_passage("Logs go to any broker.", title="", path="c.md"),
    )
    assert numbers == (1, 3)
    assert bodies(found) == ["Logs go to a broker.", "Logs go to any broker."]
    assert "(<https://docs.example/c.md>)" in found


def test_a_quotation_says_its_version_where_versions_differ():
    passages = [
        make_passage("Logs go to port 1.", title="Logs", version="2.4"),
        make_passage("Logs go to port 2.", title="Logs", version="2.5", source="new"),
    ]
    text, _ = quoted("Where do logs go?", *passages)
    assert "[1] [Logs (2.4)](<" in text
    assert "[2] [Logs (2.5)](<" in text
    assert "(2.4)" not in quoted("Where do logs go?", passages[0])[0]


def test_a_passage_without_sentences_does_not_silence_the_others():
    empty = make_passage("---\n\n# Only a heading", title="")
    unlike = make_passage("Zebras.", title="", path="b.md")
    query = -EMBEDDER.embed_query("zebras")  # every cosine is negative
    found, numbers = quote(EMBEDDER, query, [empty, unlike])
    assert numbers == (2,)
    assert bodies(found) == ["Zebras."]


@pytest.mark.parametrize("text", ["", "---", "# Heading", "```\n```"])
def test_nothing_to_quote(text):
    assert quoted("Why?", make_passage(text)) == ("", ())
    assert quoted("Why?") == ("", ())


@given(st.lists(markdown | st.text(), max_size=5))
@example(["", "x"])
def test_any_text_gives_at_most_three_verbatim_quotations(texts):
    passages = [make_passage(text, title="", path=f"{n}.md") for n, text in enumerate(texts)]
    found, numbers = quoted("Where does data go?", *passages)
    assert len(numbers) <= QUOTED_PASSAGES
    assert list(numbers) == sorted(set(numbers))
    assert all(1 <= number <= len(texts) for number in numbers)
    for number, body in zip(numbers, bodies(found), strict=True):
        closing = "`" * 40 + "~" * 40  # a fence that was cut off is closed
        assert is_subsequence(bare(body), bare(texts[number - 1]) + closing)


@given(st.lists(st.sampled_from(["Data is here.", "Logs go. Now.", "- An item.", "Why? No."])))
def test_what_is_quoted_is_one_run_of_the_passage(paragraphs):
    text = "\n\n".join(paragraphs)
    found, numbers = quoted("Where does data go?", make_passage(text, title=""))
    for body in bodies(found):
        assert bare(body) in bare(text)
    assert bool(numbers) == bool(paragraphs)


@given(markdown, st.text(st.sampled_from("ab`*_[]() >#"), max_size=12))
@example("Data.\n```\nlogs\n``` \nData logs", "")
@example("  ```\nlogs\n        ```", "")
@example("- ```\n  logs\n  ```\nData.", "")
@example("> ```\n> data\n", "")
def test_no_quotation_swallows_its_link(text, title):
    passage = make_passage(text, title=title)
    found, numbers = quoted("Where does data go?", passage)
    tokens = [token for block in MarkdownIt().parse(found) for token in block.children or []]
    links = [token.attrGet("href") for token in tokens if token.type == "link_open"]
    assert links.count(passage.chunk.url) == len(numbers)


def test_scores_decide_and_not_the_length():
    short, long = "Logs.", "Logs " + "and zebras " * 10 + "run."
    found, _ = quoted("logs", make_passage(f"{long} {short}", title=""))
    assert bodies(found) == [short]
    assert np.isfinite(EMBEDDER.embed_query("")).all()
