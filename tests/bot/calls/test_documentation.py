"""Programs search the documentation, and read its pages in pieces."""

from __future__ import annotations

import logging
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls import documentation as module
from bot.calls.documentation import Documentation
from bot.calls.requests import PageRequest
from ingest.errors import StateError
from rag_core.errors import QuestionError
from rag_core.models.token_estimate import estimate_tokens
from rag_core.types import Chunk
from tests.bot.calls.bench import REVISION, Searches, open_index, scoped
from tests.bot.fakes import LAST_SYNC
from tests.rag_core.fakes import HashEmbedder, MemoryStore, make_chunk, publish


def open_documentation(chunks: list[Chunk] | None = None) -> Documentation:
    store, made, live = open_index()
    if chunks is not None:
        store = MemoryStore()
        publish(store, HashEmbedder(), chunks)
        made = chunks
    return Documentation(Searches(made, live), store, lambda _sources: LAST_SYNC)


@pytest.fixture
def documentation() -> Documentation:
    return open_documentation()


def test_a_search_says_how_old_its_passages_are(documentation: Documentation):
    found = documentation.search(scoped(), limit=2)
    assert [passage.title for passage in found.passages] == ["Guide", "Guide"]
    assert (found.question, found.revision, found.as_of) == ("Where?", REVISION, LAST_SYNC)
    assert (found.passages[0].retrieval_score, found.passages[0].rerank_score) == (0.5, 0.25)


def test_a_scope_without_pages_is_an_error_that_names_those_there_are(
    documentation: Documentation,
):
    with pytest.raises(QuestionError, match="has the source none"):
        documentation.search(scoped(sources=("none",)), limit=2)


@pytest.mark.parametrize(
    "place",
    [
        "guide.md",
        "/guide.md",
        "https://docs.example/guide/",
        "https://docs.example/guide",
        " https://docs.example/guide/ ",
    ],
)
def test_a_page_is_found_by_its_path_and_by_its_address(documentation: Documentation, place: str):
    page = documentation.read_page(PageRequest(place))
    assert (page.status, page.source, page.path) == ("found", "docs", "guide.md")
    assert (page.url, page.title) == ("https://docs.example/guide/", "Guide")
    assert (page.revision, page.as_of) == (REVISION, LAST_SYNC)


def test_a_page_is_read_whole_with_its_headings(documentation: Documentation):
    page = documentation.read_page(PageRequest("guide.md"))
    assert page.text == (
        "## Install\n\nRun the installer.\n\n### On Linux\n\nUse the package.\n\n"
        "## Remove\n\nDelete the folder."
    )
    assert page.sections == ["Install", "Install > On Linux", "Remove"]
    assert page.next_offset is None


def test_of_two_sources_with_the_same_path_the_named_one_is_read(documentation: Documentation):
    page = documentation.read_page(PageRequest("guide.md", source="old"))
    assert (page.title, page.text, page.version) == ("Old guide", "Another.", "1.0")


@pytest.mark.parametrize(
    ("place", "section", "text"),
    [
        ("guide.md", "install", "Run the installer.\n\n### On Linux\n\nUse the package."),
        ("guide.md", "Install > On Linux", "Use the package."),
        ("guide.md", "on linux", "Use the package."),
        ("guide.md", "#remove", "Delete the folder."),
        ("https://docs.example/guide/#on-linux", "", "Use the package."),
    ],
)
def test_a_section_is_named_by_heading_path_or_anchor(
    documentation: Documentation, place: str, section: str, text: str
):
    page = documentation.read_page(PageRequest(place, section=section))
    assert page.text.endswith(text)
    assert "Another" not in page.text
    assert page.text.count("#") <= 5


def test_a_section_that_is_not_there_names_those_that_are(documentation: Documentation):
    page = documentation.read_page(PageRequest("guide.md", section="Instal"))
    assert (page.status, page.path, page.text) == ("not_found", "guide.md", "")
    assert page.candidates[0] == "Install"


def test_a_page_that_is_not_there_names_those_that_may_have_been_meant(
    documentation: Documentation,
):
    page = documentation.read_page(PageRequest("https://docs.example/storage.html"))
    assert (page.status, page.path, page.candidates) == ("not_found", "", ["storage.md"])


def test_an_offset_behind_the_end_is_not_found(documentation: Documentation):
    assert documentation.read_page(PageRequest("guide.md", offset=3)).status == "not_found"


@pytest.mark.parametrize("place", ["#", " ", "/", "?", '" or path != "'])
def test_a_place_that_names_nothing_finds_nothing(documentation: Documentation, place: str):
    assert documentation.read_page(PageRequest(place)).status == "not_found"


def test_without_the_state_database_the_age_is_not_known(caplog: pytest.LogCaptureFixture):
    def fail(_sources: object) -> datetime | None:
        raise StateError("It is locked.")

    store, chunks, live = open_index()
    with caplog.at_level(logging.WARNING):
        found = Documentation(Searches(chunks, live), store, fail).search(scoped(), limit=1)
    assert found.as_of is None
    assert "It is locked." in caplog.text


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(5, 60))
def test_the_pieces_of_a_page_are_the_page(sizes: list[int], tokens: int):
    chunks = [
        make_chunk(" ".join([f"word{number}"] * size), path="long.md", position=number)
        for number, size in enumerate(sizes)
    ]
    documentation = open_documentation(chunks)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "PIECE_TOKENS", tokens)
        texts: list[str] = []
        offset: int | None = 0
        while offset is not None:
            page = documentation.read_page(PageRequest("long.md", offset=offset))
            assert page.text
            assert page.next_offset is None or page.next_offset > offset
            assert estimate_tokens(page.text) <= tokens or page.text.count("\n\n") == 0
            texts.append(page.text)
            offset = page.next_offset
    assert "\n\n".join(texts) == "\n\n".join(chunk.text for chunk in chunks)
