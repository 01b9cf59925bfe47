"""The standby is brought to the next version: by the rows that differ, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from ingest.changes.plan import ChunkPlan
from ingest.errors import PublishError
from ingest.publishing.self_check import SAMPLE, WrittenChunk, extend_sample
from ingest.publishing.vectors import VectorMaker, split_into_batches
from ingest.report import Progress, ProgressCallback
from ingest.state.contents import ContentsRecord
from ingest.state.version_claims import VersionRecord
from ingest.types import KnownChunk, KnownPage, describe_chunk
from rag_core.english import format_count
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, LiveIndex, PageKey, Vector

MOST_ROWS = 10_000
"""Rows that a delta may write or delete: they are held in memory, to be taken back."""

_FEW_ROWS = 500  # a small version may change as a whole
_MOST_SHARE = 0.25
_MOST_DEAD = 1 / 3
"""Deleted rows, of those that are left. Milvus Lite keeps nearly all of them, and searches pass
them: with a third they took a fifth to a half longer, with as many again twice as long
(`benchmarks/sync/dead_rows.py`). A server drops them by itself, from a fifth of a segment on."""

_FEW_CHECKS = 4

Row = tuple[Chunk, Vector]
"""A chunk with its vector, of shape (dimension,), float32."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The difference between the standby and the next version.

    Attributes:
        pages: pages to record there, in place of those of the same key.
        gone: keys of pages to forget there.
        removed: chunks to delete there.
        copied: ids of chunks to copy from the live version.
        fresh: chunks to write.
    """

    pages: tuple[KnownPage, ...]
    gone: tuple[PageKey, ...]
    removed: tuple[KnownChunk, ...]
    copied: tuple[str, ...]
    fresh: tuple[Chunk, ...]

    @property
    def rows(self) -> int:
        """Number of rows that are written or deleted."""
        return len(self.removed) + len(self.copied) + len(self.fresh)


def plan_delta(
    contents: ContentsRecord,
    plan: ChunkPlan,
    *,
    live: str,
    standby: VersionRecord,
    keeps_dead: bool = True,
) -> Delta | None:
    """Compare the standby with the next version, page by page.

    Args:
        contents: what both collections hold.
        plan: the next version.
        live: collection of the live version.
        standby: the ledger's record of the standby.
        keeps_dead: whether searches pass all deleted rows, as on Lite; a server compacts them.

    Returns:
        The rows that differ; None if they are too many for a delta, or if the standby would hold
        too many deleted rows, which searches still pass.
    """
    # 1. Pages that are not the same.
    before = {page.key: page for page in contents.read_pages(standby.collection)}
    now = {page.key: page for page in plan.pages}
    changed = [
        page for key, page in now.items() if not page.content_hash or before.get(key) != page
    ]
    gone = [key for key in before if key not in now]
    count = sum(page.chunks for page in changed)
    count += sum(before[key].chunks for key in gone)
    if count > min(MOST_ROWS, max(_FEW_ROWS, _MOST_SHARE * plan.chunks)):
        return None
    # 2. Rows of these pages that are not the same.
    touched = {page.key for page in changed}
    old = {
        c.id: c for c in contents.read_chunks(standby.collection, [*touched & before.keys(), *gone])
    }
    kept = sorted(touched & plan.kept)
    new = {c.id: c for c in contents.read_chunks(live, kept)}
    fresh = {c.id: c for c in plan.fresh if c.page_key in touched}
    known = {**new, **{id_: describe_chunk(chunk) for id_, chunk in fresh.items()}}
    same = {id_ for id_, chunk in known.items() if chunk.row_hash and old.get(id_) == chunk}
    removed = tuple(chunk for id_, chunk in old.items() if id_ not in same)
    if keeps_dead and standby.dead + len(removed) > max(_FEW_ROWS, _MOST_DEAD * plan.chunks):
        return None
    return Delta(
        pages=tuple(changed),
        gone=(*gone, *(key for key in touched if key in before)),
        removed=removed,
        copied=tuple(id_ for id_ in new if id_ not in same),
        fresh=tuple(chunk for id_, chunk in fresh.items() if id_ not in same),
    )


class DeltaBuild:
    """The writer of a delta; it can take back what it wrote.

    Args:
        store: the index in Milvus.
        contents: the ledger's record of what the standby holds.
        vectors: makes the vectors of fresh chunks.
        delta: what to change.
        plan: the next version.
        live: the live version.
        standby: the ledger's record of the standby.
        claim: marks the standby as being written; called when all that is slow is done.
        progress: gets the number of chunks of the version that are in place.

    Attributes:
        sample: some of the written chunks, to be searched for.
        dead: rows that were deleted from the collection since it was built.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (internal: the state of one build)
        self,
        store: VectorStore,
        contents: ContentsRecord,
        vectors: VectorMaker,
        delta: Delta,
        plan: ChunkPlan,
        live: LiveIndex,
        standby: VersionRecord,
        claim: Callable[[], None],
        progress: ProgressCallback,
    ) -> None:
        self._store = store
        self._contents = contents
        self._vectors = vectors
        self._delta = delta
        self._plan = plan
        self._live = live
        self._standby = standby
        self._claim = claim
        self._progress = progress
        self._old_rows: list[Row] = []
        self._old_pages: tuple[KnownPage, ...] = ()
        self._is_claimed = False
        self.collection = standby.collection
        self.sample: list[WrittenChunk] = []
        self.dead = standby.dead + len(delta.removed)

    def write(self) -> None:
        """Embed what is new, and write what differs."""
        # 1. All that is slow, before the version to go back to is touched.
        rows = [
            *self._make_fresh_rows(),
            *self._read_rows(self._live.collection, self._delta.copied),
        ]
        ids = [chunk.id for chunk in self._delta.removed]
        self._old_rows = list(self._read_rows(self.collection, ids))
        gone = set(self._delta.gone)
        pages = self._contents.read_pages(self.collection)
        self._old_pages = tuple(page for page in pages if page.key in gone)
        # 2. The rows.
        self._claim()
        self._is_claimed = True
        self._delete(ids)
        self._insert(rows)
        # 3. The record of them.
        self._contents.remove_pages(self.collection, self._delta.gone)
        self._contents.add_pages(self.collection, self._delta.pages)
        # Each search passes all of the version, so a small delta is checked by few.
        most = min(SAMPLE, max(_FEW_CHECKS, len(rows) // 10))
        self.sample = extend_sample([], (WrittenChunk(*row) for row in rows), most=most)
        self._progress(Progress("writing", self._plan.chunks, self._plan.chunks))

    def undo(self) -> VersionRecord | None:
        """Bring the standby back to what it was.

        So a rollback can still go to it.

        Returns:
            The record of it, for the ledger; None if the standby was not touched.

        Raises:
            PublishError: it does not hold as many rows as before.
            StoreError: Milvus does not work.
        """
        if not self._is_claimed:
            return None
        written = [chunk.id for chunk in self._delta.fresh] + list(self._delta.copied)
        # Writing may have ended anywhere, so what is still there is deleted and written as well.
        self._delete([*written, *(chunk.id for chunk in self._delta.removed)])
        self._insert(self._old_rows)
        pages = [*self._delta.gone, *(page.key for page in self._delta.pages)]
        self._contents.remove_pages(self.collection, pages)
        self._contents.add_pages(self.collection, self._old_pages)
        self._store.write_spec(self.collection, self._standby.spec)
        rows = self._store.seal(self.collection)
        if rows != self._standby.chunks:
            raise PublishError(
                f"The version before holds {rows:,} of "
                f"{format_count(self._standby.chunks, 'chunk')}: the next sync builds a new one."
            )
        return replace(self._standby, dead=self.dead + len(written))

    def _make_fresh_rows(self) -> Iterator[Row]:
        batches = split_into_batches(self._delta.fresh, self._vectors.batch)
        with closing(self._vectors.stream(batches)) as made:
            for batch, vectors in made:
                yield from zip(batch, vectors, strict=True)

    def _read_rows(self, collection: str, ids: Sequence[str]) -> Iterable[Row]:
        return self._store.read_rows(collection, ids) if ids else ()

    def _delete(self, ids: Sequence[str]) -> None:
        if ids:
            self._store.delete(self.collection, ids)
            self._contents.remove_chunks(self.collection, ids)

    def _insert(self, rows: Sequence[Row]) -> None:
        if rows:
            chunks = [chunk for chunk, _ in rows]
            self._store.insert(self.collection, chunks, np.stack([vector for _, vector in rows]))
            self._contents.add_chunks(self.collection, map(describe_chunk, chunks))
