"""What goes wrong around a sync: a full disk, a clock that jumps, a second process, odd pages."""

from __future__ import annotations

import random
import signal
import string
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from ingest.errors import PublishError, StateError, SyncRunningError
from ingest.publishing.versions import list_versions
from ingest.report import IngestReport
from rag_core.errors import ModelError, StoreError, StoreFormatError, StoreLockedError
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from tests.conftest import ROOT
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder
from tests.ingest.scenarios import test_milvus

WAIT = 60


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    text = "\n\n".join(f"## S{n}\n\nText {n}." for n in range(300))
    return make_folder(tmp_path / "docs", {"a.md": f"# A\n\n{text}", "b.md": "# B\n\nOld."})


@pytest.fixture
def changed(bench: Bench, docs: Path) -> Path:
    """Synced, and then half of it edited."""
    bench.sync(docs)
    make_folder(docs, {"b.md": "# B\n\nNew.", "c.md": "# C\n\n" + "\n\n".join(paragraphs(200))})
    return docs


def paragraphs(count: int) -> Iterator[str]:
    return (f"## P{n}\n\nParagraph {n}." for n in range(count))


def completes(bench: Bench, docs: Path) -> None:
    """The next sync does all, and leaves nothing behind."""
    assert "Old." in bench.store.texts()
    report = bench.sync(docs)
    assert report.chunks == bench.store.count(bench.store.target) == 501
    assert len(bench.store.list_collections()) == 2
    assert {v.collection for v in bench.ledger.list_versions()} == set(
        bench.store.list_collections()
    )
    assert bench.sync(docs).unchanged


class TestEmbedder:
    def test_it_fails_in_the_middle(self, bench: Bench, changed: Path):
        batches = iter([None, ModelError("The model fell over.")])

        def fail() -> None:
            if error := next(batches, None):
                raise error

        bench.embedder.before = fail
        with pytest.raises(ModelError, match="fell over"):
            bench.sync(changed)
        assert bench.ledger.read_last_sync().error == "The model fell over."
        bench.embedder.before = lambda: None
        completes(bench, changed)


class TestFullDisk:
    @pytest.mark.parametrize("step", ["create", "insert", "seal", "switch", "drop"])
    def test_milvus_can_write_no_more(self, bench: Bench, changed: Path, step: str):
        def full(name: str) -> None:
            if name == step:
                raise StoreError("Milvus refused a call: [Errno 28] No space left on device")

        bench.sync(changed.parent / "docs", full=True)  # so that there is something to drop
        make_folder(changed, {"c.md": "# C\n\n" + "\n\n".join(paragraphs(200))})
        bench.store.before = full
        with pytest.raises(StoreError, match="No space left"):
            bench.sync(changed, full=True)
        bench.store.before = lambda _: None
        assert bench.sync(changed, full=True).chunks == 501
        assert len(bench.store.list_collections()) == 2

    @pytest.mark.parametrize("state_url", ["sqlite"], indirect=True)
    def test_the_state_database_can_write_no_more(self, bench: Bench, changed: Path):
        with full_database(bench), pytest.raises(StateError, match="full"):
            bench.sync(changed)
        completes(bench, changed)


@contextmanager
def full_database(bench: Bench) -> Iterator[None]:
    """SQLite has no room for another page, as on a disk that is full."""

    def limit(connection, _record, _proxy) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(bench.ledger.engine, "checkout", limit)
    yield
    event.remove(bench.ledger.engine, "checkout", limit)
    bench.ledger.engine.dispose()


class TestClock:
    def test_versions_keep_their_order(self, bench: Bench, docs: Path, monkeypatch):
        class Clock(datetime):
            moment = datetime(2030, 1, 1, tzinfo=UTC)

            @classmethod
            def now(cls, tz=None) -> datetime:
                return cls.moment.astimezone(tz)

        monkeypatch.setattr("ingest.state.ledger.datetime", Clock)
        for edition in range(3):
            Clock.moment -= timedelta(days=30)
            make_folder(docs, {"b.md": f"# B\n\nEdition {edition}."})
            bench.sync(docs)
        assert [version.number for version in list_versions(bench.ledger)] == [3, 2]
        assert bench.store.texts()[-1] == "Edition 2."
        assert bench.sync(docs).unchanged


class TestTwoProcesses:
    def test_the_second_one_is_refused_and_takes_over_when_the_first_is_killed(
        self, bench: Bench, docs: Path
    ):
        first = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(bench.ledger.engine.url)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert first.stdout.readline() == "held\n"
            with pytest.raises(SyncRunningError, match=f"process {first.pid}"):
                bench.sync(docs)
            assert bench.store.read_live_index() is None
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
            first.stdout.close()
        assert bench.sync(docs).chunks == 301


HOLD = """
import sys
from ingest.state.lease import SyncLease
from ingest.state.database import open_state
with SyncLease(open_state(sys.argv[1]), name="sync:docent").hold():
    print("held", flush=True)
    sys.stdin.read()
    import threading; threading.Event().wait()
"""


class TestPages:
    def test_one_that_turns_into_5_mb_of_one_line(self, bench: Bench, changed: Path):
        bench.sync(changed)
        line = "".join(random.Random(0).choices(string.ascii_lowercase + " ", k=500_000)) * 10
        make_folder(changed, {"b.md": line})
        report = bench.sync(changed)
        assert (report.changed, report.failures) == (1, ())
        chunks = [c for c in bench.store.live_chunks() if c.path == "b.md"]
        text = "".join(c.text for c in sorted(chunks, key=lambda c: c.position))
        # Not compared by pytest, which would show where they differ.
        same = "".join(text.split()) == "".join(line.split())
        assert same

    def test_one_whose_chunks_are_written_with_other_vectors(self, bench: Bench, changed: Path):
        real = bench.store.insert
        bench.store.insert = lambda name, chunks, vectors: real(name, chunks, vectors[::-1].copy())
        with pytest.raises(PublishError, match="stored with another vector"):
            bench.sync(changed)
        del bench.store.insert
        completes(bench, changed)

    def test_one_that_no_word_finds(self, bench: Bench, changed: Path):
        bench.store.search_lexical = lambda *_, **__: []
        with pytest.raises(PublishError, match="search by words missed"):
            bench.sync(changed)
        del bench.store.search_lexical
        completes(bench, changed)


class TestLiteDirectory:
    """On the real Milvus Lite."""

    @pytest.fixture
    def data(self, docs: Path) -> Path:
        assert self.sync(docs).chunks == 301
        return Path(test_milvus.URI)

    def sync(self, docs: Path) -> IngestReport:
        store = MilvusStore.open(RagSettings(milvus_uri=test_milvus.URI))
        try:
            return test_milvus.sync(store, docs)
        finally:
            store.close()

    @pytest.mark.parametrize("pattern", ["*.parquet", "manifest.json*", "aliases.json"])
    def test_a_file_is_missing(self, docs: Path, data: Path, pattern: str):
        for file in data.rglob(pattern):
            file.unlink()
        self.sync(docs)  # Milvus may have a copy of what was lost until it is closed
        assert self.sync(docs).chunks == 301
        assert self.sync(docs).unchanged

    @pytest.mark.parametrize("pattern", ["*.parquet", "*.idx", "aliases.json"])
    def test_a_file_is_cut_off(self, docs: Path, data: Path, pattern: str):
        [file] = [file for file in data.rglob(pattern) if not is_of_means(file)]
        file.write_bytes(file.read_bytes()[:-5])
        with pytest.raises(StoreFormatError, match="damaged: move it away"):
            self.sync(docs)
        data.rename(data.with_name("away.db"))
        assert self.sync(docs).embedded == 301

    def test_the_index_of_the_means_is_cut_off(self, docs: Path, data: Path):
        [file] = filter(is_of_means, data.rglob("*.idx"))
        file.write_bytes(file.read_bytes()[:-5])
        assert self.sync(docs).unchanged
        store = MilvusStore.open(RagSettings(milvus_uri=test_milvus.URI))
        try:
            live = store.read_live_index()
            assert live is not None
            chunk = next(iter(store.read_chunks(live.collection)))
            vector = store.read_vectors(live.collection, [chunk.id])[chunk.id]
            pages = store.score_pages(live.collection, vector, [chunk.page_key])
            assert pages == store.compare_chunks(live.collection, vector, [chunk.page_key])
            assert pages
        finally:
            store.close()

    def test_another_process_holds_it(self, docs: Path, data: Path):
        code = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX)"
        holder = subprocess.Popen(
            [sys.executable, "-c", f"{code}; print('held', flush=True); input()", data / "LOCK"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(StoreLockedError, match="docent serve"):
                self.sync(docs)
        finally:
            holder.communicate("\n")
        assert self.sync(docs).unchanged


def is_of_means(file: Path) -> bool:
    """Whether a file belongs to the means of a version's pages."""
    return any(part.endswith("_pages") for part in file.parts)


def test_ctrl_c_ends_a_sync_cleanly(tmp_path: Path):
    """The real command, while it embeds."""
    docs = make_folder(tmp_path / "docs", {"a.md": "# A\n\nText."})
    assert docent(tmp_path, docs).wait(WAIT) == 0
    make_folder(docs, {"b.md": "\n\n".join(f"# B{n}\n\n{'Long text. ' * 30}" for n in range(400))})
    child = docent(tmp_path, docs)
    lines = iter(child.stderr.readline, "")
    assert any(line.startswith("embedding") for line in lines)
    child.send_signal(signal.SIGINT)
    assert child.wait(WAIT) == 130
    rest = child.stderr.read()
    assert "Traceback" not in rest
    assert "Stopped. The index is unchanged." in rest
    (docs / "b.md").unlink()
    again = docent(tmp_path, docs)
    assert again.wait(WAIT) == 0, again.stderr.read()
    assert "Nothing has changed. The index holds 1 page and 1 chunk." in again.stderr.read()


def docent(folder: Path, docs: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [Path(sys.executable).with_name("docent"), "index", docs],
        cwd=folder,
        env={"DOCENT_PROFILE": "starter"},
        stderr=subprocess.PIPE,
        text=True,
    )
