"""Pages and documents as they go between the two processes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import Page, PageError
from ingest.formats import read_document
from ingest.loading.frames import (
    parse_outcome,
    parse_page,
    read_frame,
    serialise_outcome,
    serialise_page,
    write_frame,
)

PAGE = Page("docs", "a/ü.md", "https://x.test/a", b"# A\n\n- b\n\n```sh\nc\n```\n", language="de")


def test_a_page_arrives_as_it_was_sent():
    assert parse_page(serialise_page(PAGE)) == PAGE


@given(st.text())
def test_a_document_arrives_as_it_was_read(text: str):
    page = Page("docs", "a.md", "", text.encode(errors="replace"))
    document = read_document(page)
    assert parse_outcome(serialise_outcome(document), page) == document


def test_an_error_arrives_with_its_sentence():
    outcome = parse_outcome(serialise_outcome(PageError("is broken")), PAGE)
    assert isinstance(outcome, PageError)
    assert str(outcome) == "is broken"


def test_a_reply_can_not_change_what_the_page_is():
    reply = serialise_outcome(read_document(Page("other", "evil.md", "https://evil.test", b"x")))
    document = parse_outcome(reply, PAGE)
    assert not isinstance(document, PageError)
    assert (document.source, document.path, document.url) == ("docs", "a/ü.md", "https://x.test/a")
    assert document.content_hash == PAGE.content_hash


@pytest.mark.parametrize(
    "reply",
    [b"", b"[]", b"{}", b"7", b'{"title": "", "sections": [1]}', b"[" * 100_000, b"\xff"],
    ids=["empty", "list", "object", "number", "section", "deep", "bytes"],
)
def test_another_reply_is_refused(reply: bytes):
    with pytest.raises(ValueError, match=r"outcome|JSON|Expecting|utf-8"):
        parse_outcome(reply, PAGE)


def test_a_frame_that_is_cut_off_is_the_end():
    stream = io.BytesIO()
    write_frame(stream, b"abc")
    whole = stream.getvalue()
    assert read_frame(io.BytesIO(whole)) == b"abc"
    for end in range(len(whole)):
        assert read_frame(io.BytesIO(whole[:end])) is None
