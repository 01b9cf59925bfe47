"""The turns of pages, with a reader and a clock that only count."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ingest.documents import HardPageError, Page, PageError
from ingest.loading.chunker import Chunker
from ingest.loading.frames import PageChunks
from ingest.loading.loader import ChunkedPages, chunk_pages
from ingest.loading.turns import MOST_LATE, NO_TURN, SHORT_TURN, SOURCE_SECONDS, Turns
from tests.ingest.fakes import HashEmbedder

LIMIT = 20.0


def page(name: str, needs: float, source: str = "docs") -> Page:
    return Page(source, name, "", f"{needs}".encode())


class FakeReader:
    """Reads a page in the seconds that its text names; a page over its limit ends the process."""

    def __init__(self) -> None:
        self.now = 0.0
        self.tries: list[tuple[str, float]] = []
        self.has_ended = self.was_late = False

    def read(self, page: Page, seconds: float):
        self.tries.append((page.path, seconds))
        needs = float(page.data)
        self.now += min(abs(needs), seconds)
        self.was_late = needs > seconds
        self.has_ended = self.was_late or needs < 0  # less than nothing is a crash
        if self.was_late:
            return HardPageError("late")
        return PageError("crash") if self.has_ended else PageChunks()


NONE_HARD: Mapping[str, str] = {}


def sync(pages: list[Page], hard: Mapping[str, str] = NONE_HARD) -> tuple[FakeReader, ChunkedPages]:
    """Read the pages as a sync does that knows hard ones."""
    reader = FakeReader()

    def read(pages, *_):
        turns = Turns(reader, LIMIT, lambda: reader.now)
        outcomes = dict(turns.read(pages))
        yield from (outcomes[number] for number in range(len(pages)))

    chunker = Chunker(HashEmbedder())
    return reader, chunk_pages(
        pages, chunker, progress=lambda _: None, read_documents=read, hard=hard
    )


def sync_until_read(pages: list[Page], wanted: str) -> int:
    """Return how many syncs it takes until a page is read."""
    hard: dict[str, str] = {}
    for number in range(1, 100):
        _, chunked = sync(pages, hard)
        if wanted not in {path for _, path in chunked.broken}:
            return number
        hard = {name: reason for (_, name), reason in chunked.hard.items()}
    raise AssertionError(wanted)


@pytest.mark.parametrize("slow", [5, 52, 200])
def test_slow_pages_take_nothing_from_a_quick_one(slow: int):
    pages = [page(f"{n}.html", 99) for n in range(slow)]
    assert sync_until_read([*pages, page("z-honest.md", 0.2)], "z-honest.md") == 1


def test_a_page_of_some_seconds_is_read_behind_five_slow_ones():
    pages = [page(f"{n}.md", 99) for n in range(MOST_LATE)]
    reader, chunked = sync([*pages, page("changelog.html", 6)])
    assert reader.tries[-2:] == [("changelog.html", 1.0), ("changelog.html", LIMIT)]
    assert ("docs", "changelog.html") not in chunked.broken


@pytest.mark.parametrize("slow", [100, 400, 2_000])
def test_every_honest_page_is_read_after_some_syncs(slow: int):
    pages = [page(f"{n}.md", 99) for n in range(slow)]
    quick = slow // 200 + 2
    assert sync_until_read([*pages, page("z-honest.md", 0.2)], "z-honest.md") <= quick
    # A sync tries at least a handful to the end, and those are known to be hard from then on.
    most = quick + slow // MOST_LATE
    assert slow > 400 or sync_until_read([*pages, page("z.html", 6)], "z.html") <= most


def test_pages_that_crash_at_each_sync_do_not_keep_another_waiting():
    pages = [page(f"{n}.md", -19) for n in range(400)]  # and none of them is remembered
    assert sync_until_read([*pages, page("z.md", 0.2)], "z.md") == 2


def test_the_time_of_a_source_is_bounded():
    reader, chunked = sync([page(f"{n}.md", 99) for n in range(1_000)])
    assert SOURCE_SECONDS <= reader.now <= SOURCE_SECONDS + LIMIT
    assert set(chunked.hard.values()) == {"late", NO_TURN, SHORT_TURN}
    assert len(chunked.broken) == 1_000


def test_another_source_has_its_own_time():
    pages = [page(f"{n}.md", 99) for n in range(1_000)]
    reader, chunked = sync([*pages, page("a.md", 6, "other")])
    assert reader.tries.count(("a.md", LIMIT)) == 1
    assert ("other", "a.md") not in chunked.broken


def test_pages_without_a_turn_are_first_in_the_next_sync():
    pages = [page(f"{n}.md", 0) for n in range(4)]
    names = [each.content_hash for each in pages]
    reader, _ = sync(pages, {names[3]: SHORT_TURN, names[2]: NO_TURN, names[1]: "late"})
    assert [path for path, _ in reader.tries] == ["2.md", "3.md", "0.md"]


def test_a_quick_source_is_read_in_order_and_once():
    reader, chunked = sync([page(f"{n}.md", 19) for n in range(30)])
    assert reader.tries == [(f"{n}.md", LIMIT) for n in range(30)]
    assert not chunked.broken


def test_the_reason_of_a_page_without_a_turn_is_a_line():
    _, chunked = sync([page(f"{n}.md", 99) for n in range(1_000)])
    assert f"999.md: {NO_TURN}; left out" in chunked.failures


@pytest.mark.parametrize(
    ("path", "size", "seconds"),
    [
        ("a.md", 10 * 2**20, 20),
        ("a.pdf", 0, 20),
        ("a.pdf", 2**20, 30),
        ("a.docx", 4 * 2**20, 60),
        ("a.pdf", 60 * 2**20, 120),
    ],
)
def test_a_large_pdf_has_more_time(path: str, size: int, seconds: float):
    turns = Turns(FakeReader(), LIMIT, lambda: 0.0)
    assert turns.limit_seconds(Page("docs", path, "", bytes(size))) == seconds
