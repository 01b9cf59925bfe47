"""Pages read in a process of their own: what it survives, and what it leaves behind."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.documents import Document, Page, PageError
from ingest.errors import IngestError
from ingest.formats import read_document
from ingest.loading import reading
from ingest.loading.reading import read_apart, read_here

GOOD = Page("docs", "good.md", "", b"# Good\n\nText.")
ODD = Page("docs", "odd.md", "", b"odd")

# Stands in for the module of the process: it does with the page `odd.md` what its name says.
CHILD = """
import ctypes, os, signal, sys, time
sys.path.insert(0, {root!r})
from ingest.loading import reading_process
read = reading_process.read_document

def read_odd(page):
    if page.path == "odd.md":
        {harm}
    return read(page)

reading_process.read_document = read_odd
reading_process.MEMORY_BYTES = 2**28
reading_process.main()
"""


@pytest.fixture
def harm(monkeypatch, tmp_path: Path):
    """Make the process do harm with the page `odd.md`."""

    def use(statement: str) -> None:
        root = str(Path(reading.__file__).parents[2])
        (tmp_path / "odd_reader.py").write_text(CHILD.format(root=root, harm=statement))
        monkeypatch.setattr(reading, "_MODULE", "odd_reader")
        monkeypatch.setattr(reading, "_ROOT", tmp_path)

    return use


def read_all(*pages: Page, **options) -> list[object]:
    return list(read_apart(pages, lambda: None, **options))


def test_documents_are_those_that_are_read_here():
    pages = [GOOD, Page("docs", "a.html", "", b"<h1>A</h1><p>b</p>"), GOOD]
    assert read_all(*pages) == list(read_here(pages, lambda: None))


def test_no_page_starts_no_process(monkeypatch):
    monkeypatch.setattr(reading, "_start_process", None)
    assert read_all() == []


def test_a_page_that_takes_too_long_is_a_line_and_the_next_is_read(harm, tmp_path: Path):
    begun = tmp_path / "begun"
    harm(f"open({str(begun)!r}, 'w'); time.sleep(3600)")
    now = 0.0

    def wait() -> None:
        nonlocal now
        if begun.exists():  # the time passes once the page is being read
            begun.unlink()
            now += 20.1

    odd, good = read_apart([ODD, GOOD], wait, clock=lambda: now)
    assert str(odd) == "took longer than 20 seconds to read"
    assert good == read_document(GOOD)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "made the process end that reads pages"),
        ("os._exit(3)", "made the process end that reads pages"),
        ("bytearray(2**30)", "needs more than 1 GiB of memory to read"),
        ("[page.data * 2**20 for _ in range(2**20)]", "needs more than 1 GiB of memory to read"),
    ],
    ids=["crash", "end", "memory", "slow memory"],
)
def test_a_page_that_ends_the_process_is_a_line(harm, statement, sentence):
    harm(statement)
    odd, good = read_all(ODD, GOOD)
    assert isinstance(odd, PageError)
    assert str(odd) == sentence
    assert isinstance(good, Document)


def test_a_reply_that_is_no_document_is_a_line(harm):
    harm("os.write(3, b'x'); print('noise')")
    assert all(isinstance(each, Document | PageError) for each in read_all(ODD, GOOD))


def test_cancelling_ends_the_process(harm, monkeypatch):
    harm("time.sleep(3600)")
    started = []
    start = reading._start_process
    monkeypatch.setattr(reading, "_start_process", lambda: started.append(start()) or started[-1])
    waits = itertools.count()

    def cancel() -> None:
        if next(waits) > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_apart([ODD], cancel))
    assert started[-1].returncode is not None


def test_a_reader_that_is_not_used_up_leaves_no_process(monkeypatch):
    started = []
    start = reading._start_process
    monkeypatch.setattr(reading, "_start_process", lambda: started.append(start()) or started[-1])
    outcomes = read_apart([GOOD, GOOD], lambda: None)
    next(outcomes)
    outcomes.close()
    assert started[0].returncode is not None


PARENT = """
import sys
from ingest.loading import reading
reading._MODULE, reading._ROOT = "odd_reader", {folder!r}
start = reading._start_process
def tell():
    process = start()
    print(process.pid, flush=True)
    return process
reading._start_process = tell
list(reading.read_apart([reading.Page("docs", "odd.md", "", b"odd")], lambda: None))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death")
def test_the_process_does_not_outlive_docent(tmp_path: Path, harm):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    # The fifo is open for writing as long as the process lives, and it tells when it reads.
    harm(f"out = open({str(fifo)!r}, 'w'); out.write('reading'); out.flush(); time.sleep(3600)")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(folder=str(tmp_path))],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(reading.__file__).parents[2])},
    )
    with parent, fifo.open() as alive:
        assert alive.read(7) == "reading"
        parent.kill()
        assert alive.read() == ""  # comes when the last writer is gone


def test_a_process_that_can_not_start_is_said(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(reading, "_MODULE", "no_such_module")
    with pytest.raises(IngestError, match=r"can't be started: it ended at once\.$"):
        read_all(GOOD)
    monkeypatch.setattr(reading.sys, "executable", str(tmp_path / "none"))
    with pytest.raises(IngestError, match="can't be started: No such file"):
        read_all(GOOD)


def test_the_process_has_no_secret(harm, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    harm("raise ValueError(repr(dict(os.environ)))")
    (odd,) = read_all(ODD)
    assert "PYTHONPATH" in str(odd)
    assert "canary" not in str(odd)
