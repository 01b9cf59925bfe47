from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.loading.stored_chunks import StoredChunks, arrange_chunks, describe_texts
from ingest.spool import Spool
from rag_core.types import Chunk

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def build_chunk(number: int, text: str) -> Chunk:
    return Chunk(
        id=f"id{number}",
        source="docs",
        path=f"{number % 3}.md",
        url=f"https://example.com/{number}",
        title="Title",
        headings=("Title", text),
        position=number,
        text=text,
        version="2.6",
        language="en",
    )


@given(st.lists(TEXTS, max_size=6))
def test_stored_chunks_are_those_that_were_added(texts: list[str]):
    chunks = [build_chunk(number, text) for number, text in enumerate(texts)]
    stored = StoredChunks(Spool())
    stored.extend(chunks)
    assert list(stored) == chunks
    assert list(stored[1:]) == chunks[1:]
    assert list(stored[:-1]) == chunks[:-1]
    reverse = range(len(chunks) - 1, -1, -1)
    assert list(arrange_chunks(stored, reverse)) == list(arrange_chunks(chunks, reverse))


def test_a_plan_reads_no_stored_chunk():
    chunks = [build_chunk(number, f"Text {number}.") for number in range(3)]
    spool = Spool()
    stored = StoredChunks(spool)
    stored.extend(chunks)
    spool.read = None  # type: ignore[method-assign, assignment]
    found = [(text.page_key, text.embedding_hash, text.characters) for text in stored.texts]
    assert found == [(c.page_key, c.embedding_hash, len(c.embedding_text)) for c in chunks]
    assert len(list(describe_texts(stored[1:]))) == 2


def test_chunks_in_memory_are_described_alike():
    chunks = [build_chunk(1, "Text.")]
    (text,) = describe_texts(chunks)
    assert (text.page_key, text.embedding_hash) == (("docs", "1.md"), chunks[0].embedding_hash)
    assert text.characters == len(chunks[0].embedding_text)
