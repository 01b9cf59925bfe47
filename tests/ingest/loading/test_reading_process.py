"""The process that reads pages, called in this one."""

from __future__ import annotations

import io
import sys

import pytest

from ingest.documents import Page, PageError
from ingest.loading import reading_process
from ingest.loading.chunker import Chunker
from ingest.loading.frames import (
    TextsToCount,
    parse_reply,
    read_frame,
    serialise_chunker,
    serialise_counts,
    serialise_page,
    write_frame,
)
from ingest.loading.reading_process import READY, read_page, serve_pages
from tests.ingest.fakes import HashEmbedder

CHUNKER = Chunker(HashEmbedder())
GOOD = Page("docs", "a.md", "", b"# A\n\nText.")
COUNTS = serialise_counts([1, 1])  # of the heading path and the paragraph


def serve(*frames: bytes) -> list[object]:
    """Return the replies to these frames, those to pages parsed."""
    requests, replies = io.BytesIO(), io.BytesIO()
    for frame in (serialise_chunker(CHUNKER), *frames):
        write_frame(requests, frame)
    requests.seek(0)
    serve_pages(requests, replies)
    replies.seek(0)
    assert read_frame(replies) == READY
    return [parse_reply(payload, GOOD) for payload in iter(lambda: read_frame(replies), None)]


def test_each_page_has_an_outcome():
    page = serialise_page(GOOD)
    notebook = serialise_page(Page("docs", "b.ipynb", "", b"[]"))
    asked, good, broken, asked_again, again = serve(page, COUNTS, notebook, page, COUNTS)
    assert asked == asked_again == TextsToCount(["A", "Text."])
    assert good == again == read_page(GOOD, CHUNKER)
    assert isinstance(broken, PageError)


def test_no_frame_is_no_page():
    replies = io.BytesIO()
    serve_pages(io.BytesIO(), replies)
    assert replies.getvalue().endswith(READY)


def test_texts_are_counted_some_at_a_time(monkeypatch):
    monkeypatch.setattr(reading_process, "_COUNTED_CHARS", 6)
    one = serialise_counts([1])
    replies = serve(serialise_page(GOOD), one, one)
    assert replies[:2] == [["A"], ["Text."]]
    assert replies[2] == read_page(GOOD, CHUNKER)


def test_docent_may_end_before_it_has_counted():
    with pytest.raises(BrokenPipeError):
        serve(serialise_page(GOOD))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("odd"), "could not be read (odd)"),
        (AssertionError(), "could not be read ()"),
        (PageError("is broken"), "is broken"),
    ],
)
def test_errors_of_a_parser_are_outcomes(monkeypatch, error, sentence):
    def fail(_: Page):
        raise error

    monkeypatch.setattr(reading_process, "read_document", fail)
    assert str(read_page(GOOD, CHUNKER)) == sentence


def test_want_of_memory_ends_the_process(monkeypatch):
    def fail(_: Page):
        raise MemoryError

    monkeypatch.setattr(reading_process, "read_document", fail)
    with pytest.raises(MemoryError):
        serve(serialise_page(GOOD))


def test_a_document_too_deep_for_json_is_an_error(monkeypatch):
    def fail(outcome, page):
        if not isinstance(outcome, PageError):
            raise RecursionError
        return serialise(outcome, page)

    serialise = reading_process.serialise_outcome
    monkeypatch.setattr(reading_process, "serialise_outcome", fail)
    _, outcome = serve(serialise_page(GOOD), COUNTS)
    assert str(outcome) == "is nested too deeply"


def test_a_system_without_limits_of_memory_reads_without_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    reading_process._limit_memory()
