from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from textwrap import dedent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.documents import Block, Document, Page, PageError, Section
from ingest.formats import read_document
from ingest.loading.chunker import MAX_CHARS, Chunker
from rag_core.types import Chunk
from tests.ingest.fakes import HashEmbedder

TOKENIZER = HashEmbedder()


def chunks(text: str, *, budget: int = 160, url: str = "https://x/a", path: str = "a.md"):
    page = Page("docs", path, url, text.encode())
    return Chunker(TOKENIZER, budget=budget).split_document(read_document(page))


def tokens(text: str) -> int:
    return TOKENIZER.count_tokens([text])[0]


def test_a_chunk_knows_its_place():
    text = "---\ntitle: FAQ\n---\n# FAQ\n\nAn intro.\n\n#### Why?\n\nBecause.\n\nSo."
    first, second = chunks(text)
    assert (first.headings, first.text, first.position) == (("FAQ",), "An intro.", 0)
    assert second.headings == ("FAQ", "Why?")
    assert second.text == "Because.\n\nSo."
    assert (second.url, second.title, second.position) == ("https://x/a#why", "FAQ", 1)
    assert (second.source, second.path) == ("docs", "a.md")
    assert re.fullmatch(r"[0-9a-f]{32}", second.id)


def test_a_url_with_a_fragment_gets_no_other():
    assert chunks("# A\n\ntext", url="file:///d.zip#a.md")[0].url == "file:///d.zip#a.md"


def test_neighbours_under_one_heading_are_merged_and_others_are_not():
    text = "# A\n\none\n\ntwo\n\n- three\n\n# B\n\nand four"
    assert [chunk.text for chunk in chunks(text)] == ["one\n\ntwo\n\n- three", "and four"]


def test_a_near_empty_section_joins_its_neighbour():
    text = (
        "# Mail\n\n## Port\n\n8025\n\n### Why\n\nNo root needed.\n\n## Host\n\nany\n\n"
        "## See also\n\n- [the limits](limits.md)\n- [FAQ](faq.md)"
    )
    found = chunks(text)
    assert [chunk.headings for chunk in found] == [("Mail", "Port", "Why")]
    assert found[0].text == (
        "8025\n\nNo root needed.\n\nHost:\n\nany\n\nSee also:\n\n"
        "- [the limits](https://x/limits)\n- [FAQ](https://x/faq)"
    )


def test_a_near_empty_text_is_no_chunk_beside_a_long_one():
    code = "```\n" + "\n".join(f"x{n} = {n}" for n in range(30)) + "\n```"
    found = chunks(f"# A\n\nSome first words. Some last ones.\n\n{code}\n\n[B](b.md)", budget=60)
    assert [chunk.text.startswith("```") for chunk in found] == [False, True]
    assert found[-1].text.endswith("```\n\n[B](https://x/b)")


def test_a_list_that_is_divided_keeps_its_lead_in():
    items = [f"- Item number {n} says something." for n in range(60)]
    found = chunks("# A\n\nBe careful. These are the rules:\n\n" + "\n".join(items))
    assert len(found) > 2
    lead = "These are the rules:\n\n- "
    assert all(chunk.text.startswith(lead) for chunk in found[1:])
    assert [line for c in found for line in c.text.split("\n") if line[:1] == "-"] == items


def test_a_long_row_keeps_its_head_its_name_and_its_columns():
    head = "| Option | Default | Meaning |\n| --- | --- | --- |"
    meaning = " ".join(f"Sentence {n} on it." for n in range(80))
    found = chunks(f"{head}\n| a | 1 | short |\n| depth | 2 | {meaning} |\n| z | 3 | end |")
    assert len(found) > 2
    assert all(chunk.text.startswith(head) for chunk in found)
    rows = [line.split(" | ") for chunk in found for line in chunk.text.split("\n")[2:]]
    assert [len(row) for row in rows] == [3] * len(rows)
    assert {row[0] for row in rows[1:-1]} == {"| depth"}
    assert " ".join(row[2].removesuffix(" |") for row in rows[1:-1]) == meaning


def test_a_wide_head_is_repeated_all_the_same():
    head = f"|{' name |' * 24}\n|{' --- |' * 24}"
    row = f"|{' v |' * 24}"
    found = chunks("\n".join([head, *[row] * 6]), budget=250)
    assert len(found) > 1
    assert all(chunk.text.startswith(head) for chunk in found)


def test_headings_without_text_have_no_chunk_unless_the_page_has_no_other():
    assert [chunk.headings for chunk in chunks("# A\n\n## B\n\ntext\n\n## C")] == [("A", "B")]
    (only,) = chunks("# A\n\n## B")
    assert only.text == "A\nB"
    assert chunks("---\ntitle: A\n---\n") == []


def test_an_edit_keeps_the_ids_of_other_sections():
    before = chunks("# A\n\nthe one\n\n# B\n\nthe two\n\n# C\n\nthe three")
    after = chunks("# A\n\nthe one\n\n# New\n\nand more\n\n# B\n\ntwo, edited\n\n# C\n\nthe three")
    kept = {chunk.id for chunk in before} & {chunk.id for chunk in after}
    assert kept == {before[0].id, before[2].id}


def test_repeated_text_has_ids_of_its_own():
    found = chunks("# A\n\nthe same\n\n# B\n\nthe other\n\n# A\n\nthe same")
    assert len({chunk.id for chunk in found}) == 3


def test_a_fence_that_fits_is_whole_even_over_the_budget():
    fence = "```py\n" + "\n".join(f"x{n} = {n}" for n in range(8)) + "\n```"
    assert 20 < tokens(fence) < 40
    found = chunks(f"Before it.\n\n{fence}\n\nAfter it.", budget=20)
    assert [chunk.text for chunk in found] == ["Before it.", fence, "After it."]


def test_a_long_fence_is_divided_at_lines_with_its_markers():
    lines = [f"x{n} = {n}" for n in range(200)]
    found = chunks("```py\n" + "\n".join(lines) + "\n```")
    assert len(found) > 2
    inner = []
    for chunk in found:
        head, *body, tail = chunk.text.split("\n")
        assert (head, tail) == ("```py", "```")
        inner += body
    assert inner == lines


def test_a_long_table_repeats_its_header():
    rows = [f"| name {n} | value {n} |" for n in range(100)]
    head = "| a | b |\n|---|---|"
    found = chunks(head + "\n" + "\n".join(rows))
    assert len(found) > 2
    assert all(chunk.text.startswith(head + "\n") for chunk in found)
    assert [row for chunk in found for row in chunk.text.split("\n")[2:]] == rows


def test_a_long_list_is_divided_between_items():
    items = [f"- Item number {n} says something." for n in range(60)]
    found = chunks("\n".join(items))
    assert len(found) > 2
    assert [line for chunk in found for line in chunk.text.split("\n")] == items


def test_a_long_item_is_divided_between_its_parts():
    text = "- Start:\n\n  ```sh\n" + "  run --it now\n" * 60 + "  ```\n\n  End.\n- Next"
    found = chunks(text)
    assert all(chunk.text.count("```") % 2 == 0 for chunk in found)
    assert found[0].text.startswith("- Start:")
    assert sum(chunk.text.count("run --it now") for chunk in found) == 60


def test_a_paragraph_is_divided_at_sentences():
    sentences = [f"Sentence number {n} ends here." for n in range(100)]
    found = chunks(" ".join(sentences))
    assert len(found) > 2
    assert all(chunk.text.endswith("here.") for chunk in found)
    assert " ".join(chunk.text for chunk in found) == " ".join(sentences)


def test_a_paragraph_without_sentences_is_divided_at_words():
    found = chunks("word " * 1000)
    assert max(tokens(chunk.embedding_text) for chunk in found) <= 160
    assert {word for chunk in found for word in chunk.text.split()} == {"word"}
    assert sum(chunk.text.count("word") for chunk in found) == 1000


@pytest.mark.parametrize(
    "page",
    [
        "x" * 2_000_000,
        "word " * 400_000,
        "\N{CJK UNIFIED IDEOGRAPH-6F22}" * 700_000,
        "```\n" + "y" * 2_000_000 + "\n```",
        "| a |\n|---|\n| " + "z" * 2_000_000 + " |",
        "- " + "deep " * 400_000,
    ],
    ids=["characters", "words", "han", "fence", "table", "item"],
)
def test_two_megabytes_in_one_line(page: str):
    found = chunks(page)
    assert sum(len(chunk.text) for chunk in found) > 1_900_000 // 3
    assert all(len(chunk.text) <= MAX_CHARS + 100 for chunk in found)
    assert all(len(chunk.text.encode()) < 60_000 for chunk in found)


def test_a_heading_path_over_the_budget_leaves_room_for_text():
    found = chunks("# " + "word " * 60 + "\n\n" + "text " * 50, budget=40)
    assert all(tokens(chunk.text) >= 19 for chunk in found[:-1])
    assert sum(chunk.text.count("text") for chunk in found) == 50


def test_the_model_limits_the_budget():
    small = HashEmbedder(max_tokens=64)
    page = Page("docs", "a.md", "", ("Some words in a row. " * 200).encode())
    found = Chunker(small).split_document(read_document(page))
    assert max(tokens(chunk.embedding_text) for chunk in found) <= 64


def test_the_fingerprint_tells_rules_apart():
    assert Chunker(TOKENIZER).fingerprint == Chunker(HashEmbedder("other")).fingerprint
    assert Chunker(TOKENIZER).fingerprint != Chunker(TOKENIZER, budget=100).fingerprint
    assert Chunker(TOKENIZER).fingerprint != Chunker(HashEmbedder(max_tokens=64)).fingerprint


def test_counting_is_batched():
    calls = []

    class Counting(HashEmbedder):
        def count_tokens(self, texts):
            calls.append(len(texts))
            return super().count_tokens(texts)

    text = "\n\n".join(f"Paragraph {n} of them." for n in range(200))
    Chunker(Counting()).split_document(read_document(Page("docs", "a.md", "", text.encode())))
    assert len(calls) <= 3


WORDS = st.lists(st.from_regex(r"[a-z]{1,12}[.!?]?", fullmatch=True), min_size=1, max_size=60)
PARAGRAPHS = WORDS.map(" ".join)
ITEMS = st.lists(PARAGRAPHS, min_size=1, max_size=12)
BLOCKS = st.one_of(
    PARAGRAPHS,
    PARAGRAPHS.map(lambda text: f"## {text}"),
    ITEMS.map(lambda items: "\n".join(f"- {item}" for item in items)),
    ITEMS.map(
        lambda items: "\n\n".join(f"1. {item}\n\n   ```\n   {item}\n   ```" for item in items)
    ),
    ITEMS.map(lambda lines: "```py\n" + "\n".join(lines) + "\n```"),
    ITEMS.map(lambda rows: "| a |\n|---|\n" + "\n".join(f"| {row} |" for row in rows)),
    ITEMS.map(lambda lines: "\n".join(f"> {line}" for line in lines)),
)
PAGES = st.lists(BLOCKS, max_size=8).map("\n\n".join)


def one_sentence(text: str) -> bool:
    return not re.search(r"[.!?]\s|\n", text)


def seen(found: list[Chunk]) -> list[str]:
    return re.findall(r"[a-z]+", " ".join(f"{' '.join(c.headings)} {c.text}" for c in found))


@settings(deadline=None, max_examples=60)
@given(page=PAGES, budget=st.integers(16, 160))
@example(page="## a a a a a a a? a", budget=16)
@example(page="a\n\n## a a a a a a\n\n```py\n" + "a " * 18 + "a\n```", budget=16)
@example(page=dedent("- a\n\n  ```\n  b\n"), budget=16)
def test_nothing_is_lost_and_budgets_hold(page: str, budget: int):
    found = chunks(page, budget=budget)
    body = re.sub(r"^## .*$", "", page, flags=re.MULTILINE)
    missing = set(re.findall(r"[a-z]+", body)) - set(seen(found))
    assert not missing
    for chunk in found:
        frame = 12  # a fence's markers or a table's header, whatever the budget
        assert tokens(chunk.text) <= 2 * budget + budget // 4 + frame
        joined = budget // 4  # a near-empty text that joined the rest
        most = max(budget, tokens(chunk.heading_path) + budget // 2) + joined
        if tokens(chunk.embedding_text) > most:
            # Over the budget is only what stays whole: a block, a sentence, a page of headings.
            has_block = re.search(r"^(```|\||- |1\.)", chunk.text, re.MULTILINE)
            assert has_block or one_sentence(chunk.text) or not body.strip()
        assert chunk.text.count("```") % 2 == 0
    assert [chunk.position for chunk in found] == list(range(len(found)))
    assert len({chunk.id for chunk in found}) == len(found)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=400))
def test_any_text_can_be_divided(text: str):
    page = Page("docs", "a.md", "", text.encode(errors="replace"))
    for chunk in Chunker(TOKENIZER, budget=16).split_document(read_document(page)):
        assert chunk.text.strip()
        assert len(chunk.text) <= MAX_CHARS


def test_a_page_of_too_many_chunks_is_an_error(monkeypatch):
    monkeypatch.setattr("ingest.loading.chunker.MAX_CHUNKS", 3)
    chunker = Chunker(TOKENIZER)
    three = Page("docs", "a.md", "", b"# a\n\nb b\n\n" * 3)
    assert len(chunker.split_document(read_document(three))) == 3
    four = Page("docs", "a.md", "", b"# a\n\nb b\n\n" * 4)
    with pytest.raises(PageError, match="has text for more than 3 chunks"):
        chunker.split_document(read_document(four))


def test_the_text_to_count_is_limited_for_each_page(monkeypatch):
    monkeypatch.setattr("ingest.loading.chunker.MAX_COUNTED", 20)
    chunker = Chunker(TOKENIZER)
    fine = read_document(Page("docs", "a.md", "", b"# a\n\n123456789"))
    for _ in range(3):
        assert len(chunker.split_document(fine)) == 1
    with pytest.raises(PageError, match="has too much text to divide"):
        chunker.split_document(read_document(Page("docs", "a.md", "", b"# a\n\n" + b"1" * 30)))


def build_block(draw: st.DrawFn, words: Iterator[str], depth: int) -> Block:
    """A block of words that no other block has, with blocks inside where its kind has them."""
    kinds = ["paragraph", "fence", "table", "code"] + ["list", "quote"] * (depth < 3)
    kind = draw(st.sampled_from(kinds))

    def write(least: int, most: int) -> str:
        return " ".join(islice(words, draw(st.integers(least, most))))

    if kind == "list":
        parts = [build_item(draw, words, depth + 1) for _ in range(draw(st.integers(1, 4)))]
        return Block("list", "\n".join(part.text for part in parts), tuple(parts))
    if kind == "quote":
        parts = [build_block(draw, words, depth + 1) for _ in range(draw(st.integers(1, 2)))]
        return Block("quote", "\n\n".join(part.text for part in parts), tuple(parts))
    if kind == "fence":
        lines = "\n".join(write(1, 30) for _ in range(draw(st.integers(1, 5))))
        return Block("fence", f"```py\n{lines}\n```", head="```py", tail="```")
    if kind == "table":
        head = f"| {write(1, 4)} | {write(1, 4)} |\n| --- | --- |"
        rows = [f"| {write(0, 40)} | {write(0, 40)} |" for _ in range(draw(st.integers(1, 4)))]
        return Block("table", "\n".join([head, *rows]), head=head)
    end = draw(st.sampled_from(["", ".", ":"]))
    return Block("code" if kind == "code" else "paragraph", write(1, 60) + end)


def build_item(draw: st.DrawFn, words: Iterator[str], depth: int) -> Block:
    parts = [build_block(draw, words, depth) for _ in range(draw(st.integers(1, 2)))]
    first = replace(parts[0], text=f"- {parts[0].text}") if parts[0].kind == "paragraph" else None
    parts = [first or parts[0], *parts[1:]]
    return Block("item", "\n\n".join(part.text for part in parts), tuple(parts))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    words = (f"w{number}" for number in count())
    sections = []
    for number in range(draw(st.integers(1, 5))):
        depth = draw(st.integers(1, 3))
        headings = tuple(f"h{number}x{level}" for level in range(depth))
        blocks = tuple(build_block(draw, words, 0) for _ in range(draw(st.integers(0, 3))))
        sections.append(Section(headings, "", blocks))
    return Document("docs", "a.md", "", "T", tuple(sections), "")


@settings(deadline=None, max_examples=80)
@given(document=documents(), budget=st.integers(16, 160))
def test_each_word_of_a_document_is_in_a_chunk_in_order(document: Document, budget: int):
    found = Chunker(TOKENIZER, budget=budget).split_document(document)
    written = [
        word
        for section in document.sections
        for block in section.blocks
        for word in re.findall(r"\bw\d+", block.text)
    ]
    shown = iter(re.findall(r"\bw\d+", "\n".join(chunk.text for chunk in found)))
    missing = [word for word in written if word not in shown]  # consumes what was before it
    assert missing == []
