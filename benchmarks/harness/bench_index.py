"""A docent of the starter profile in a temporary folder, for benchmarks of all parts together."""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.changes.survey import SyncOptions
from ingest.loading.reading import PageReader, read_here
from ingest.report import IngestReport
from ingest.sources import Downloads, parse_sources
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from rag_core.factory import Models, open_models, open_pipeline, open_store
from rag_core.pipeline import Pipeline
from rag_core.protocols import Embedder, VectorStore
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION, Question

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "milvus_docs_2.6.x_en.zip"
_PAGE = "# Part {n}\n\n" + "## {word}\n\nHow a {word} of part {n} is kept, moved and found.\n\n" * 5


@dataclass(frozen=True)
class BenchIndex:
    """A docent with all parts open: `pipeline` answers questions, `index` builds a version."""

    folder: Path
    models: Models
    store: VectorStore
    pipeline: Pipeline

    @classmethod
    @contextmanager
    def open(cls, folder: Path | None = None) -> Iterator[BenchIndex]:
        """Open all parts, models loaded, in a folder, or in one that goes away afterwards."""
        with ExitStack() as opened:
            folder = folder or Path(opened.enter_context(tempfile.TemporaryDirectory()))
            folder.mkdir(parents=True, exist_ok=True)
            settings = RagSettings(
                _env_file=None,
                profile="starter",
                milvus_uri=str(folder / "milvus.db"),
                openai_api_key=None,
                openai_base_url=None,
            )
            store = open_store(settings, create=True)
            opened.callback(store.close)
            models = open_models(settings)
            opened.callback(models.close)
            models.warm_up()
            yield cls(folder, models, store, open_pipeline(settings, models, store))

    def index(
        self,
        source: Path,
        *,
        build: int = 0,
        reader: PageReader = read_here,
        embedder: Embedder | None = None,
    ) -> IngestReport:
        """Read, divide, embed and publish all of a source.

        Args:
            source: its address, the same for each state of one index.
            build: another one reuses nothing.
            reader: reads and divides pages.
            embedder: makes the vectors, if not the model's lane for indexing.

        Returns:
            The report of the sync.
        """
        with self.open_ledger(build) as ledger:
            indexer = Indexer(
                self.store,
                embedder or self.models.inference.indexing,
                ledger,
                Downloads(self.folder / "snapshots"),
                schema=SCHEMA_VERSION + build,
                read_documents=reader,
            )
            return indexer.sync(parse_sources(str(source)), options=SyncOptions(adopt=True))

    @contextmanager
    def open_ledger(self, build: int = 0) -> Iterator[Ledger]:
        """The ledger of a build."""
        engine = open_state(f"sqlite:///{self.folder / f'state{build}.sqlite'}")
        try:
            yield Ledger(engine, index="docent")
        finally:
            engine.dispose()

    def questions(self) -> Iterator[Question]:
        """One about each section of the index, in random order, from the start again at the end.

        All are different, so that nothing that is remembered of a question helps the next one.
        """
        live = self.store.read_live_index()
        chunks = self.store.read_chunks(live.collection) if live else ()
        sections = sorted({chunk.heading_path for chunk in chunks})
        random.Random(0).shuffle(sections)
        return itertools.cycle([Question(f"What is said about {name}?") for name in sections])

    def ask(self, question: Question) -> float:
        """Seconds of retrieval and reranking."""
        return timed(lambda: self.pipeline.search(question))


def pages(folder: Path, *, corpus: Path, count: int | None, tiny: bool) -> Path:
    """Return the pages to index: all of the corpus, `count` spread over it, or a toy."""
    if not tiny and count is None:
        return corpus
    sample = folder / "sample.zip"
    with zipfile.ZipFile(sample, "w") as written:
        for name, text in _toy() if tiny else _spread(corpus, count or 1):
            written.writestr(name, text)
    return sample


def _toy() -> Iterator[tuple[str, str]]:
    for n in range(6):
        yield f"part{n}.md", _PAGE.format(n=n, word=("vector", "segment", "log")[n % 3])


def _spread(corpus: Path, count: int) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(corpus) as read:
        names = [name for name in read.namelist() if name.endswith(".md")]
        step = max(1, len(names) / count)
        for position in range(min(count, len(names))):
            name = names[int(position * step)]
            yield name, read.read(name)


def timed(run: Callable[[], object]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Count, median and 95th percentile."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {
        "questions": len(ordered),
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(p95 * 1000, 1),
    }
