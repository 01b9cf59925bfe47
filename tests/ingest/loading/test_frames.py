"""Pages and documents as they go between the two processes."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import Page, PageError
from ingest.formats import read_document
from ingest.loading.chunker import Chunker
from ingest.loading.frames import (
    PageChunks,
    TextsToCount,
    parse_page,
    parse_reply,
    read_frame,
    serialise_outcome,
    serialise_page,
    serialise_texts,
    write_frame,
)
from tests.ingest.fakes import HashEmbedder

CHUNKER = Chunker(HashEmbedder())
PAGE = Page("docs", "a/ü.md", "https://x.test/a", b"# A\n\n- b\n\n```sh\nc\n```\n", language="de")


def test_a_page_arrives_as_it_was_sent():
    assert parse_page(serialise_page(PAGE)) == PAGE


@given(st.text())
def test_chunks_arrive_as_they_were_made(text: str):
    page = Page("docs", "a.md", "", text.encode(errors="replace"))
    chunks = CHUNKER.split_document(read_document(page))
    outcome = PageChunks(chunks, ["pages 3-9 are left out"])
    arrived = parse_reply(serialise_outcome(outcome, page), page)
    assert isinstance(arrived, PageChunks)
    assert arrived == chunks
    assert arrived.notes == ("pages 3-9 are left out",)


def test_chunks_of_a_section_share_its_headings():
    document = read_document(Page("docs", "a.md", "", b"# A\n\n" + b"Word. " * 3_000))
    outcome = PageChunks(CHUNKER.split_document(document))
    arrived = parse_reply(serialise_outcome(outcome, PAGE), PAGE)
    assert isinstance(arrived, list)
    assert len({id(chunk.headings) for chunk in arrived}) == 1 < len(arrived)


def test_an_error_arrives_with_its_sentence():
    outcome = parse_reply(serialise_outcome(PageError("is broken"), PAGE), PAGE)
    assert isinstance(outcome, PageError)
    assert str(outcome) == "is broken"


def test_texts_to_count_arrive():
    texts = parse_reply(serialise_texts(["a", "\ud800"]), PAGE)
    assert isinstance(texts, TextsToCount)
    assert texts == ["a", "\ud800"]


@pytest.mark.parametrize(("fragment", "url"), [("#a", "#a"), ("evil.test", ""), (7, ""), ("", "")])
def test_a_reply_can_not_change_what_the_page_is(fragment, url):
    reply = json.dumps({"title": "T", "chunks": [[["A"], fragment, "x"]], "notes": []}).encode()
    (chunk,) = parse_reply(reply, PAGE)
    assert (chunk.source, chunk.path, chunk.url) == ("docs", "a/ü.md", f"https://x.test/a{url}")
    assert (chunk.title, chunk.language, chunk.text) == ("T", "de", "x")
    assert len(chunk.id) == 32


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"[]",
        b"{}",
        b"7",
        b'{"title": "", "chunks": [1], "notes": []}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=["empty", "list", "object", "number", "chunk", "deep", "bytes"],
)
def test_another_reply_is_refused(reply: bytes):
    with pytest.raises(ValueError, match=r"reply|JSON|Expecting|utf-8|unpack"):
        parse_reply(reply, PAGE)


def test_a_frame_that_is_cut_off_is_the_end():
    stream = io.BytesIO()
    write_frame(stream, b"abc")
    whole = stream.getvalue()
    assert read_frame(io.BytesIO(whole)) == b"abc"
    for end in range(len(whole)):
        assert read_frame(io.BytesIO(whole[:end])) is None
