from __future__ import annotations

import logging
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag_core.errors import StoreError
from rag_core.generation.quotations.extractive import MAX_CHARACTERS, QUOTED_PASSAGES, Quoter
from rag_core.types import Chunk, Passage, Vector
from tests.rag_core.fakes import (
    HashEmbedder,
    MemoryStore,
    _direction,
    make_chunk,
    make_passage,
    publish,
)

EMBEDDER = HashEmbedder()
CODE = "```sh\nls logs\n```"

# Everything that could confuse the division: fences, lists, headings, tables, ends of sentences.
markdown = st.lists(
    st.one_of(
        st.sampled_from(["```", "```py\n", "\n```\n", "~~~", "````", "`", "- ", "1. ", "> ", "# "]),
        st.sampled_from(["\n", "\n\n", "  ", "    ", "\t", "| a | b |", "*bold*", "-5", "10) "]),
        st.sampled_from(["Data", "logs", "No", "x", ". ", "? ", '."', ".) ", "。", "数据", ":"]),
        st.sampled_from(["[a](b.md)", "[a](https://b.example)", "| - | - |", "See ", "**T**\n"]),
    ),
    max_size=40,
).map("".join)


def quoted(
    question: str, *passages: Passage, rest: tuple[Chunk, ...] = ()
) -> tuple[str, tuple[int, ...]]:
    """What is quoted; `rest` are further chunks of the index."""
    store = MemoryStore()
    collection = publish(store, EMBEDDER, [*(each.chunk for each in passages), *rest])
    vector = EMBEDDER.embed_query(question)
    return Quoter(EMBEDDER, store).quote(collection, vector, question, passages)


def bodies(text: str) -> list[str]:
    """The quotations without their marks and the line of heading and citation."""
    found = []
    for part in text.split("\n\n") if text else []:
        lines = [line.removeprefix(">").removeprefix(" ") for line in part.splitlines()]
        found.append("\n".join(lines[2:] if lines[0].endswith("]") else lines[:-2]))
    return found


def section(*texts: str, path: str = "a.md", heading: str = "Logs") -> list[Chunk]:
    """The chunks of a section that was divided."""
    return [
        make_chunk(text, path=path, title="Page", headings=(heading,), position=number)
        for number, text in enumerate(texts)
    ]


def passage(chunk: Chunk) -> Passage:
    return Passage(chunk, 0.5, 0.5)


def test_a_short_section_is_quoted_whole_under_its_heading():
    text = f"Logs go to a broker.\n\nList them so:\n\n{CODE}\n\nZebras run."
    found, numbers = quoted("Where do logs go?", make_passage(text, headings=("Logs",)))
    assert numbers == (1,)
    assert found.startswith(
        "> **Logs** [1]\n>\n> Logs go to a broker.\n>\n> List them so:\n>\n> ```"
    )
    assert bodies(found) == [text]


def test_a_page_without_headings_is_quoted_under_its_title_or_under_none():
    assert quoted("logs", make_passage("Logs are here."))[0] == (
        "> **Storage** [1]\n>\n> Logs are here."
    )
    assert quoted("logs", make_passage("Logs are here.", title=""))[0] == (
        "> Logs are here.\n>\n> [1]"
    )


def test_the_rest_of_a_divided_section_is_read():
    lead, code, end = section("List the logs of the broker as follows.", CODE, "It takes a while.")
    text, numbers = quoted("ls logs", passage(code), rest=(lead, end))
    assert bodies(text) == [f"{lead.text}\n\n{CODE}\n\n{end.text}"]
    assert numbers == (1,)


def test_without_the_store_the_passage_is_quoted_alone(caplog):
    class Failing(MemoryStore):
        def read_neighbours(self, *_args):
            raise StoreError("The server is gone.")

    lead, rest = section("Logs go to a broker.", "It is fast.")
    store = Failing()
    publish(store, EMBEDDER, [lead, rest])
    vector = EMBEDDER.embed_query("logs")
    with caplog.at_level(logging.WARNING):
        text, numbers = Quoter(EMBEDDER, store).quote("x", vector, "logs", [passage(lead)])
    assert (bodies(text), numbers) == ([lead.text], (1,))
    assert "The server is gone." in caplog.text


def test_of_a_long_section_the_place_that_answers_is_quoted_with_what_is_around_it():
    filler = [f"Zebras run in herd number {n}. " + "They eat grass. " * 20 for n in range(20)]
    answer = "Logs go to a message broker."
    chunks = section(*filler[:10], answer, *filler[10:])
    text, _ = quoted("Where do logs go? A broker?", passage(chunks[10]), rest=tuple(chunks))
    (body,) = bodies(text)
    assert answer in body
    assert 800 < len(body) < 2_400


def test_the_first_passage_comes_first_unless_another_is_clearly_better():
    near = make_passage("A broker is where all logs go.", path="a.md")
    nearer = make_passage("Logs go to a broker.", path="b.md")
    assert quoted("logs go to a broker", near, nearer)[1] == (1, 2)
    far = make_passage("Zebras run and logs lie around here.", path="c.md")
    assert quoted("logs go to a broker", far, nearer)[1][0] == 2


class CloseEmbedder(HashEmbedder):
    """All vectors lie close together, as those of some models do."""

    def _vector(self, text: str) -> Vector:
        near = super()._vector(text) + 0.3 * _direction("", self.dimension)
        vector: Vector = (near / np.linalg.norm(near)).astype(np.float32)
        return vector


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Zebras run around.", "Logs go to a broker.", (2,)),
        ("Logs go to a broker.", "Zebras run around.", (1,)),
        ("A broker is where all logs go.", "Logs go to one broker.", (1, 2)),
        ("See logs of the broker.", "Logs go to a broker.", (1, 2)),
    ],
)
def test_models_whose_vectors_lie_close_together_quote_the_same(first, second, expected):
    filler = ["Zebras eat grass.", "Birds sing here.", "Rivers flow south.", "Stones lie still."]
    texts = [first, second, *filler, *(f"{each} Always." for each in filler)]
    passages = [make_passage(text, path=f"{n}.md") for n, text in enumerate(texts)]
    for embedder in (EMBEDDER, CloseEmbedder()):
        store = MemoryStore()
        collection = publish(store, embedder, [each.chunk for each in passages])
        vector = embedder.embed_query("logs go to a broker")
        numbers = Quoter(embedder, store).quote(collection, vector, "logs?", passages)[1]
        assert tuple(number for number in numbers if number < 3) == expected


def test_passages_that_say_less_are_left_out_and_equal_ones_too():
    text, numbers = quoted(
        "logs go to a broker",
        make_passage("Logs go to a broker.", path="a.md"),
        make_passage("Zebras run.", path="b.md"),
        make_passage("Logs go to a broker.", path="c.md"),
        make_passage("Logs go to one broker.", path="d.md"),
    )
    assert numbers == (1, 4)
    assert re.findall(r"\[(\d)\]", text) == ["1", "2"]
    assert bodies(text) == ["Logs go to a broker.", "Logs go to one broker."]


def test_passages_of_one_section_are_one_quotation():
    first, second = section("Logs go to a broker.", "The broker keeps logs.")
    assert quoted("logs broker", passage(second), passage(first))[1] == (1,)


def test_numbers_count_on_from_the_first():
    passages = [
        make_passage("Logs go to a broker."),
        make_passage("Zebras run.", path="b.md"),
        make_passage("Logs go to one broker.", path="c.md"),
    ]
    store, question = MemoryStore(), "logs go to a broker"
    collection = publish(store, EMBEDDER, [each.chunk for each in passages])
    vector = EMBEDDER.embed_query(question)
    text, quoted_passages = Quoter(EMBEDDER, store).quote(
        collection, vector, question, passages, first=4
    )
    assert quoted_passages == (1, 3)
    assert re.findall(r"\[(\d)\]", text) == ["4", "5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # An announcement of what is not there is cut, and what only says where to read.
        ("Logs go to a broker.\n\nDo as follows:", "Logs go to a broker."),
        ("See [logs](https://a.example).\n\nLogs go there.", "Logs go there."),
        ("Logs go there.\n\nFor more information on logs, see Logs.", "Logs go there."),
        # Links within the site would be dead.
        ("Logs go to [a broker](broker.md).", "Logs go to a broker."),
        ("Logs go to [it](https://a.example).", "Logs go to [it](https://a.example)."),
        # A question within a section is answered by what stands under it.
        ("Where do logs go?\n\nThere.", "Where do logs go?\n\nThere."),
    ],
)
def test_what_is_quoted_of_a_section(text: str, expected: str):
    assert bodies(quoted("Where do logs go?", make_passage(text))[0]) == [expected]


def test_a_pointer_is_quoted_if_there_is_nothing_else():
    pointer = "See [all about logs](https://a.example/logs)."
    assert bodies(quoted("logs", make_passage(pointer))[0]) == [pointer]
    found = quoted("logs", make_passage(pointer), make_passage("Logs go there.", path="b.md"))
    assert bodies(found[0])[0] == "Logs go there."


def test_a_pointer_that_answers_clearly_better_is_quoted():
    """A rule breaks ties; the score of the text that answers overrules it."""
    pointer = "See the console for logs of the broker."
    text, _ = quoted("see the console for logs of the broker", make_passage(f"{pointer}\n\nZ y."))
    assert pointer in bodies(text)[0]


def test_code_is_preferred_where_some_is_asked_for():
    said = make_passage("Broker logs, listed by an example command.", path="a.md")
    shown = make_passage(f"Broker logs, listed by a command.\n\n{CODE}", path="b.md")
    asked = "example of a command: ls logs"
    assert quoted(asked, said, shown)[1] == (1, 2)
    assert CODE in bodies(quoted(asked, said, shown)[0])[1]


def test_code_alone_comes_behind_text_that_answers():
    code = make_passage(CODE, path="a.md", title="")
    said = make_passage("You ls the logs so.", path="b.md", title="")
    assert bodies(quoted("ls logs", code, said)[0])[0] == "You ls the logs so."
    assert bodies(quoted("ls logs", code)[0]) == [CODE]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the default port for logs?", "The default port for logs is 19530"),
        ("What is the log level?", "Log level: info"),
        ("What is the log level?", "**Log level: info**"),
        ("logs ไปที่ broker ไหน", "logs ไปที่ broker"),
        ("logs कहाँ जाते हैं", "logs broker को जाते हैं।"),
        ("How do I install logs?", "Install logs:\n\n```sh\npip install logs\n```"),
        ("ls logs", CODE),
        ("all about logs", "See [all about logs](https://a.example/logs)."),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_what_answers_is_quoted_whatever_its_form(question: str, text: str, is_first: bool):
    """A rule makes it harder to be first, but not against pages about something else."""
    others = [make_passage(f"Zebra number {n} runs.", path=f"{n}.md", title="") for n in range(4)]
    right = make_passage(text, path="a.md", title="")
    found, numbers = quoted(question, *([right, *others] if is_first else [*others, right]))
    assert bodies(found)[0] == text
    assert numbers[0] == (1 if is_first else 5)


def test_a_heading_once_more_is_quoted_only_if_there_is_nothing_else():
    again = make_passage("All the logs of brokers", title="All the logs of brokers")
    said = make_passage("Logs go to a broker.", path="b.md")
    assert bodies(quoted("logs of brokers", again, said)[0]) == ["Logs go to a broker."]
    assert bodies(quoted("logs of brokers", again)[0]) == ["All the logs of brokers"]


def test_pages_without_full_stops_are_quoted():
    lines = ["Logs go to the broker", "The broker keeps logs", "Logs are kept for a day"]
    passages = [make_passage(line, path=line, title="") for line in lines]
    text, numbers = quoted("Where do logs go?", *passages)
    assert bodies(text)[0] == lines[0]
    assert numbers[0] == 1


def test_code_longer_than_a_message_is_quoted_in_part():
    code = "```sh\n" + "ls logs\n" * 2_000 + "```"
    text, numbers = quoted("ls logs", make_passage(f"List the logs of a broker:\n\n{code}"))
    assert numbers == (1,)
    assert bodies(text)[0].startswith("List the logs of a broker:\n\n```sh\nls logs\n")
    assert bodies(text)[0].endswith("ls logs\n```")


@pytest.mark.parametrize("text", ["", "---", "```\n```", "Do as follows:", "# Heading"])
def test_nothing_to_quote(text):
    assert quoted("Why?", make_passage(text)) == ("", ())
    assert quoted("Why?") == ("", ())


def test_a_passage_without_text_does_not_silence_the_others():
    empty = make_passage("---", title="")
    unlike = make_passage("Zebras.", title="", path="b.md")
    store = MemoryStore()
    collection = publish(store, EMBEDDER, [empty.chunk, unlike.chunk])
    query = -EMBEDDER.embed_query("zebras")  # every cosine is negative
    text, numbers = Quoter(EMBEDDER, store).quote(collection, query, "zebras", [empty, unlike])
    assert (bodies(text), numbers) == (["Zebras."], (2,))
    assert np.isfinite(EMBEDDER.embed_query("")).all()


def test_all_quotations_together_are_limited():
    def long(number: int) -> Passage:
        code = "```sh\n" + "ls logs\n" * 470 + f"{number}\n```"
        return make_passage(f"Logs of broker {number} are listed:\n\n{code}", path=f"{number}.md")

    text, numbers = quoted("logs of the broker", *(long(number) for number in range(4)))
    assert 1 <= len(numbers) <= 2
    assert len(text) < MAX_CHARACTERS + 2_000  # the marks before each line come on top


@given(st.lists(markdown | st.text(), max_size=5))
@example(["", "x"])
def test_any_text_gives_at_most_three_verbatim_quotations(texts):
    passages = [make_passage(text, title="", path=f"{n}.md") for n, text in enumerate(texts)]
    found, numbers = quoted("Where does data go?", *passages)
    assert len(numbers) <= QUOTED_PASSAGES
    assert len(set(numbers)) == len(numbers)
    assert all(1 <= number <= len(texts) for number in numbers)
    assert bool(found) == bool(numbers)


@given(markdown, st.text(st.sampled_from("ab`*_[]() >#"), max_size=12))
@example("Data.\n```\nlogs\n``` \nData logs", "")
@example("  ```\nlogs\n        ```", "")
@example("- ```\n  logs\n  ```\nData.", "")
@example("> ```\n> data\n", "")
def test_no_quotation_swallows_what_is_below_it(text, title):
    found, numbers = quoted("Where does data go?", make_passage(text, title=title))
    tokens = MarkdownIt().parse(f"{found}\n\nThe end.")
    last = [token.content for token in tokens if token.type == "inline"][-1]
    assert last == "The end."
    assert (tokens[0].type == "blockquote_open") == bool(numbers)


def test_a_quotation_says_its_version_where_versions_differ():
    passages = [
        make_passage("Logs go to port 1.", title="Logs", version="2.4"),
        make_passage("Logs go to port 2.", title="Logs", version="2.5", source="new"),
    ]
    text, _ = quoted("Where do logs go?", *passages)
    assert "**Logs (2.4)** [1]" in text
    assert "**Logs (2.5)** [2]" in text
    assert "(2.4)" not in quoted("Where do logs go?", passages[0])[0]
