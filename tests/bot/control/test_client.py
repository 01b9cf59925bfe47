"""The command line beside a running service: requests through the socket in the data folder."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.control.client import ControlClient
from bot.control.protocol import MAX_LINE, ControlRequest, Failure, decode, encode
from bot.control.server import ControlServer, RequestExecutor
from bot.control.socket_path import build_socket_path, is_private_socket
from bot.errors import ControlError, SyncStoppedError
from bot.index_service import IndexService, SyncRequest
from ingest.errors import NoVersionError, SourceNotFoundError
from ingest.publishing.pin import read_pin
from ingest.settings import IngestSettings
from ingest.sources import Downloads, Source, parse_sources
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from rag_core.errors import BusyError, DocentError, SettingsError
from rag_core.types import (
    Answer,
    AnswerDone,
    Candidate,
    Chunk,
    Citation,
    Hit,
    Passage,
    Question,
    RerankStarted,
    Scope,
    SearchStarted,
    TextDelta,
    Timings,
    Usage,
)
from tests.ingest.fakes import HashEmbedder, MemoryStore, make_folder

CHUNK = Chunk("1", "docs", "a.md", "file:///a.md", "Ä", ("H",), 0, "Text.", language="de")
PASSAGE = Passage(CHUNK, 1.0, None)
ANSWER = Answer(
    text="Text. [1]",
    citations=(Citation(1, PASSAGE),),
    passages=(PASSAGE,),
    status="answered",
    degraded=("no_llm",),
    revision="1",
    usage=Usage(1, 2),
    timings=Timings(embed_ms=1.5),
)
WAIT = 20


class Pipeline:
    """Answers everything alike, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def stream(self, question: Question) -> Iterator[object]:
        self.asked.append(question)
        if question.text == "busy":
            raise BusyError(3)
        if question.text == "odd":
            raise ZeroDivisionError
        yield SearchStarted()
        yield RerankStarted(2)
        yield TextDelta("Te")
        yield AnswerDone(ANSWER)

    def search(self, question: Question, *, limit: int) -> tuple[Passage, ...]:
        self.asked.append((question, limit))
        return (PASSAGE,) * limit

    def search_dense(self, question: Question, *, limit: int) -> tuple[Hit, ...]:
        self.asked.append((question, limit))
        return (Hit(CHUNK, 0.5),)


def sync(*sources: Source | str, **options: bool) -> ControlRequest:
    return ControlRequest("sync", sync=SyncRequest(sources, **options))


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    return IngestSettings(milvus_uri=str(tmp_path / "data" / "docs.db"))


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst."})


@pytest.fixture
def executor(tmp_path: Path, docs: Path) -> Iterator[RequestExecutor]:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    ledger = Ledger(engine, index="docent")
    store = MemoryStore()
    downloads = Downloads(tmp_path / "snapshots")
    indexer = Indexer(store, HashEmbedder(), ledger, downloads, schema=1)
    configured = parse_sources(str(docs))
    yield RequestExecutor(Pipeline(), IndexService(indexer, store, ledger, configured), None)
    engine.dispose()


@pytest.fixture
def path(settings: IngestSettings) -> Path:
    found = build_socket_path(settings)
    assert found is not None
    return found


@pytest.fixture
def control(
    settings: IngestSettings, path: Path, executor: RequestExecutor
) -> Iterator[ControlClient]:
    server = ControlServer(path, executor)
    server.start()
    found = ControlClient.find(settings)
    assert found is not None
    yield found
    server.close()
    assert not path.exists()


class TestAsking:
    def test_the_events_of_an_answer(self, control: ControlClient, executor: RequestExecutor):
        question = Question(
            "Why?", scope=Scope(sources=("docs",), language="de"), instructions="Be brief."
        )
        assert list(control.stream(question)) == [
            SearchStarted(),
            RerankStarted(2),
            TextDelta("Te"),
            AnswerDone(ANSWER),
        ]
        assert executor.pipeline.asked == [question]

    def test_passages_and_hits(self, control: ControlClient):
        assert control.search(Question("Why?"), limit=2) == (PASSAGE, PASSAGE)
        assert control.search_dense(Question("Why?")) == (Hit(CHUNK, 0.5),)

    def test_an_error_keeps_its_class_and_sentence(self, control: ControlClient):
        with pytest.raises(BusyError, match="number 3 in line"):
            list(control.stream(Question("busy")))

    def test_a_fault_is_one_sentence(self, control: ControlClient):
        with pytest.raises(DocentError, match=r"failed unexpectedly \(ZeroDivisionError\)"):
            list(control.stream(Question("odd")))


class TestIndexing:
    def test_a_sync_with_its_progress(self, control: ControlClient):
        steps = []
        report = control.run(sync(), steps.append)
        assert (report["added"], report["embedded"]) == (1, 1)
        assert {"reading", "writing", "publishing"} <= {step.stage for step in steps}
        assert control.run(sync())["unchanged"]

    def test_sources_may_be_named(
        self, control: ControlClient, executor: RequestExecutor, tmp_path: Path
    ):
        more = make_folder(tmp_path / "more", {"b.md": "# B\n\nOther."})
        control.run(sync(*parse_sources(str(more))))
        assert executor.index.store.texts() == ["Other."]
        assert control.run(sync("docs"))["added"] == 1
        with pytest.raises(SettingsError, match="no source named elsewhere"):
            control.run(sync("elsewhere"))
        with pytest.raises(SourceNotFoundError, match="gone"):
            control.run(sync(*parse_sources(str(tmp_path / "gone"))))

    def test_a_preview(self, control: ControlClient, executor: RequestExecutor):
        assert control.run(sync(dry_run=True))["added"] == 1
        assert executor.index.store.writes == []

    def test_a_rollback_and_its_end(
        self, control: ControlClient, executor: RequestExecutor, docs: Path
    ):
        with pytest.raises(NoVersionError):
            control.run(ControlRequest("roll_back"))
        for text in ("First.", "Second."):
            make_folder(docs, {"a.md": f"# A\n\n{text}"})
            control.run(sync())
        assert control.run(ControlRequest("roll_back"))["pinned"]
        assert executor.index.store.texts() == ["First."]
        control.run(sync(resume=True))
        assert read_pin(executor.index.ledger) is None
        assert executor.index.store.texts() == ["Second."]

    def test_a_sync_ends_where_the_service_does(
        self, control: ControlClient, executor: RequestExecutor
    ):
        executor.index.stopping.set()
        with pytest.raises(SyncStoppedError):
            control.run(sync())
        assert executor.index.store.read_live_index() is None

    @pytest.mark.usefixtures("control")
    def test_a_sync_ends_when_its_client_is_gone(self, executor: RequestExecutor, path: Path):
        gone = threading.Event()
        executor.index.indexer._embedder.before = lambda: gone.wait(WAIT)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        connection.sendall(encode("request", sync()))
        assert connection.recv(1)
        connection.close()
        gone.set()
        deadline = time.monotonic() + WAIT
        while executor.index.ledger.read_last_sync() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert executor.index.ledger.read_last_sync().error == "The sync was stopped by hand."
        assert executor.index.store.read_live_index() is None


class TestSocket:
    def test_it_is_for_the_owner_alone(self, control: ControlClient, path: Path):
        assert control
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o666)
        assert not is_private_socket(path)
        path.chmod(0o600)

    def test_there_is_none(self, settings: IngestSettings):
        assert ControlClient.find(settings) is None
        assert ControlClient.find(IngestSettings(milvus_uri="http://localhost:19530")) is None

    def test_one_that_was_left_behind_is_no_service(
        self, settings: IngestSettings, path: Path, executor: RequestExecutor
    ):
        path.parent.mkdir(parents=True)
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(path))
        left.close()
        path.chmod(0o600)
        assert ControlClient.find(settings) is None
        server = ControlServer(path, executor)
        server.start()
        assert ControlClient.find(settings) is not None
        server.close()

    def test_a_file_is_no_service(self, settings: IngestSettings, path: Path):
        path.parent.mkdir(parents=True)
        path.write_text("")
        assert ControlClient.find(settings) is None

    def test_a_long_folder_has_its_socket_elsewhere(
        self, tmp_path: Path, executor: RequestExecutor
    ):
        folder = tmp_path / ("long" * 30)
        settings = IngestSettings(milvus_uri=str(folder / "docs.db"))
        path = build_socket_path(settings)
        assert len(os.fsencode(path)) < 104
        assert path != build_socket_path(IngestSettings(milvus_uri=str(folder / "more.db")))
        server = ControlServer(path, executor)
        server.start()
        assert ControlClient.find(settings) is not None
        server.close()

    @pytest.mark.parametrize(
        "line",
        [
            b"hello\n",
            b'{"kind": "request", "data": {}}\n',
            b'{"kind": "request", "data": {"command": "sync"}}\n',
            b'{"kind": "request", "data": {"command": "sync", "sync": {"careful": true}}}\n',
            b"[]\n",
        ],
    )
    def test_what_is_no_request_is_refused(self, control: ControlClient, path: Path, line: bytes):
        assert control
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WAIT)
            connection.connect(str(path))
            connection.sendall(line)
            kind, failure = decode(connection.makefile("rb").readline(MAX_LINE))
        assert kind == "failure"
        assert isinstance(failure.to_error(), ControlError)

    def test_a_service_that_breaks_off(self, tmp_path: Path):
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / "s"))
            listening.listen()

            def hang_up() -> None:
                listening.accept()[0].close()

            thread = threading.Thread(target=hang_up)
            thread.start()
            with pytest.raises(ControlError, match="broke off"):
                ControlClient(tmp_path / "s").run(sync())
            thread.join()


def test_an_error_of_another_version_is_still_said():
    assert str(Failure("NewError", "What it says.").to_error()) == "What it says."
    assert type(Failure("Path", "x").to_error()) is DocentError


def test_candidates_are_not_sent():
    with pytest.raises(KeyError):
        encode("candidate", Candidate(CHUNK, 1.0, 1, None))
