"""Pages read in a process of their own: what it survives, and what it leaves behind."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.documents import HardPageError, Page, PageError
from ingest.errors import IngestError
from ingest.loading import reading
from ingest.loading.chunker import Chunker
from ingest.loading.reading import read_apart, read_here
from tests.ingest.fakes import HashEmbedder
from tests.ingest.formats.samples import pdf

CHUNKER = Chunker(HashEmbedder())
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

def keep(*parts):
    global tokenizer
    tokenizer = ask(*parts)
    return tokenizer

ask = reading_process._AskedTokenizer
reading_process._AskedTokenizer = keep
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
    return list(read_apart(pages, CHUNKER, lambda: None, **options))


def read_one(page: Page) -> object:
    return next(read_here([page], CHUNKER, lambda: None))


def test_chunks_are_those_that_are_made_here():
    table = "| a | b |\n|---|---|\n" + "| [c](#d) | e |\n" * 2_000
    pages = [
        GOOD,
        Page("docs", "a.html", "https://x.test/a", b"<h1>A</h1><p>b</p>", version="2", title="T"),
        Page("docs", "b.md", "", f"# A\n\n# A\n\nb\n\n{table}\n# A\n\nb".encode()),
        GOOD,
    ]
    apart = read_all(*pages)
    assert apart == [read_one(page) for page in pages]
    assert [len(chunks) > 5 for chunks in apart] == [False, False, True, False]


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
            now += 200.1

    odd, good = read_apart([ODD, GOOD], CHUNKER, wait, clock=lambda: now)
    assert str(odd) == "took longer than 200 seconds to read"
    assert good == read_one(GOOD)
    assert not isinstance(odd, HardPageError)  # it slept: the machine may have been busy


KILLED = "the process that read it was ended by signal 9; perhaps the machine has too little memory"


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "os.kill(os.getpid(), signal.SIGSEGV)",
            "made the process end that reads pages (signal 11)",
        ),
        ("os._exit(3)", "made the process end that reads pages (status 3)"),
        ("os._exit(0)", "made the process end that reads pages (status 0)"),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            KILLED,
        ),
        ("bytearray(2**30)", "needs more than 1 GiB of memory to read"),
        ("[page.data * 2**20 for _ in range(2**20)]", "needs more than 1 GiB of memory to read"),
    ],
    ids=["crash", "end", "good end", "killed", "memory", "slow memory"],
)
def test_a_page_that_ends_the_process_is_a_line(harm, statement, sentence):
    harm(statement)
    odd, good = read_all(ODD, GOOD)
    assert isinstance(odd, PageError)
    assert str(odd) == sentence
    assert isinstance(odd, HardPageError) == ("GiB" in sentence)
    assert good == read_one(GOOD)


def test_a_reply_that_is_no_document_is_a_line(harm):
    harm("os.write(3, b'x'); print('noise')")
    assert all(isinstance(each, list | PageError) for each in read_all(ODD, GOOD))


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
        list(read_apart([ODD], CHUNKER, cancel))
    assert started[-1].returncode is not None


def test_a_reader_that_is_not_used_up_leaves_no_process(monkeypatch):
    started = []
    start = reading._start_process
    monkeypatch.setattr(reading, "_start_process", lambda: started.append(start()) or started[-1])
    outcomes = read_apart([GOOD, GOOD], CHUNKER, lambda: None)
    next(outcomes)
    outcomes.close()
    assert started[0].returncode is not None


PARENT = """
from ingest.loading import reading
from tests.ingest.fakes import HashEmbedder
reading._MODULE, reading._ROOT = "odd_reader", {folder!r}
start = reading._start_process
def tell():
    process = start()
    print(process.pid, flush=True)
    return process
reading._start_process = tell
chunker = reading.Chunker(HashEmbedder())
list(reading.read_apart([reading.Page("docs", "odd.md", "", b"odd")], chunker, lambda: None))
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


def test_a_page_is_read_again_if_the_process_was_killed(harm, tmp_path: Path):
    tried = tmp_path / "tried"
    harm(
        f"if not os.path.exists({str(tried)!r}): "
        f"open({str(tried)!r}, 'w'); os.kill(os.getpid(), signal.SIGTERM)"
    )
    assert read_all(ODD, GOOD) == [read_one(ODD), read_one(GOOD)]


@pytest.mark.parametrize(("seconds", "said"), [(20, "20 seconds"), (1, "1 second")])
def test_a_page_that_computes_too_long_is_hard_on_any_machine(
    harm, monkeypatch, tmp_path, seconds, said
):
    begun = tmp_path / "begun"
    harm(f"open({str(begun)!r}, 'w'); time.sleep(3600)")
    used = lambda _: seconds + 0.1 if begun.exists() else 0.0  # noqa: E731
    monkeypatch.setattr(reading, "_read_cpu_seconds", used)
    (odd,) = read_apart([ODD], CHUNKER, lambda: None, seconds=seconds, clock=lambda: 0.0)
    assert str(odd) == f"took longer than {said} to read"
    assert isinstance(odd, HardPageError)


def test_without_the_time_of_a_process_the_clock_counts(harm, monkeypatch, tmp_path):
    begun = tmp_path / "begun"
    harm(f"open({str(begun)!r}, 'w'); time.sleep(3600)")
    monkeypatch.setattr(reading, "_read_cpu_seconds", lambda _: None)
    clock = lambda: 20.1 if begun.exists() else 0.0  # noqa: E731
    (odd,) = read_apart([ODD], CHUNKER, lambda: None, clock=clock)
    assert str(odd) == "took longer than 20 seconds to read"
    assert not isinstance(odd, HardPageError)


def test_a_process_says_how_much_it_has_computed():
    assert reading._read_cpu_seconds(os.getpid()) > 0
    assert reading._read_cpu_seconds(-1) is None


def test_a_process_that_asks_for_tokens_without_an_end_is_late(harm):
    harm("while True: tokenizer.count_tokens(['a'])")
    asked = []

    class Tokenizer(HashEmbedder):
        def count_tokens(self, texts):
            asked.append(texts)
            return super().count_tokens(texts)

    ticks = itertools.count()
    clock = lambda: float(next(ticks)) if asked else 0.0  # noqa: E731
    (odd,) = read_apart([ODD], Chunker(Tokenizer()), lambda: None, clock=clock)
    assert str(odd) == "took longer than 200 seconds to read"


def test_the_time_of_counting_is_not_the_page_s():
    now = 0.0

    class Slow(HashEmbedder):
        def count_tokens(self, texts):
            nonlocal now
            now += 50
            return super().count_tokens(texts)

    (good,) = read_apart([GOOD], Chunker(Slow()), lambda: None, clock=lambda: now)
    assert good == read_one(GOOD)
    assert now >= 50


def test_a_page_is_divided_within_the_limit_of_memory(harm):
    harm("page = __import__('dataclasses').replace(page, content=b'a\\n\\n' * 3_000_000)")
    (odd,) = read_all(ODD)
    assert str(odd) == "needs more than 1 GiB of memory to read"


def test_the_process_has_no_model(harm):
    harm("raise ValueError(sorted({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))")
    (odd,) = read_all(ODD)
    assert str(odd) == "could not be read ([])"


def test_a_server_with_many_open_files_reads_pages():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2_048, hard), hard))
    opened: list[int] = []
    try:
        while not opened or opened[-1] < 1_024:  # more than `select` can wait for
            opened.append(os.open(os.devnull, os.O_RDONLY))
        assert read_all(GOOD) == [read_one(GOOD)]
    finally:
        for each in opened:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_pdf_of_four_hundred_pages_is_read():
    # Lines that are alike but for their numbers would be taken for a header.
    names = ["".join(chr(ord("a") + int(digit)) for digit in str(n)) for n in range(400)]
    sheets = [[f"Here {name} is told.", f"And {name} has an end."] for name in names]
    (chunks,) = read_all(Page("docs", "a.pdf", "", pdf(*sheets)))
    assert isinstance(chunks, list)
    assert "Here djj is told." in chunks[-1].text
