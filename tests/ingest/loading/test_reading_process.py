"""The process that reads pages, called in this one."""

from __future__ import annotations

import io

import pytest

from ingest.documents import Page, PageError
from ingest.loading import reading_process
from ingest.loading.frames import parse_outcome, read_frame, serialise_page, write_frame
from ingest.loading.reading_process import READY, read_page, serve_pages

GOOD = Page("docs", "a.md", "", b"# A\n\nText.")


def serve(*pages: Page) -> list[object]:
    requests, replies = io.BytesIO(), io.BytesIO()
    for page in pages:
        write_frame(requests, serialise_page(page))
    requests.seek(0)
    serve_pages(requests, replies)
    replies.seek(0)
    assert read_frame(replies) == READY
    outcomes = []
    for page in pages:
        payload = read_frame(replies)
        outcomes.append(parse_outcome(payload, page) if payload is not None else None)
    return outcomes


def test_each_page_has_an_outcome():
    good, broken, again = serve(GOOD, Page("docs", "b.ipynb", "", b"[]"), GOOD)
    assert good == again == read_page(GOOD)
    assert isinstance(broken, PageError)


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
    assert str(read_page(GOOD)) == sentence


def test_want_of_memory_ends_the_process_without_a_reply(monkeypatch):
    def fail(_: Page):
        raise MemoryError

    monkeypatch.setattr(reading_process, "read_document", fail)
    assert serve(GOOD, GOOD) == [None, None]


def test_a_document_too_deep_for_json_is_an_error(monkeypatch):
    def fail(outcome):
        if not isinstance(outcome, PageError):
            raise RecursionError
        return serialise(outcome)

    serialise = reading_process.serialise_outcome
    monkeypatch.setattr(reading_process, "serialise_outcome", fail)
    (outcome,) = serve(GOOD)
    assert str(outcome) == "is nested too deeply"
