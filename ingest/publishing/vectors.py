"""Vectors for the chunks of a new version: carried over from the live one, or embedded."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from ingest.errors import PublishError
from ingest.report import Progress, ProgressCallback
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import Chunk, LiveIndex, Vector, Vectors

EMBED_BATCH = 128
"""Chunks that are embedded at once."""


class VectorMaker:
    """The vectors of one new version, and what they cost.

    Args:
        store: the index in Milvus.
        embedder: makes the vectors that are missing.
        live: the live version; None before the first.
        vector_ids: by the hash of an embedded text, the id of a live chunk with that text.
        to_embed: texts to embed, as far as known, for the progress.
        progress: gets the number of embedded texts.

    Attributes:
        embedded: texts that were embedded so far.
        characters: their length.
        seconds: time that it took.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (internal: the state of one build)
        self,
        store: VectorStore,
        embedder: Embedder,
        live: LiveIndex | None,
        vector_ids: Mapping[str, str],
        to_embed: int,
        progress: ProgressCallback,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._live = live
        self._vector_ids = vector_ids
        self._to_embed = to_embed
        self._progress = progress
        self.embedded = 0
        self.characters = 0
        self.seconds = 0.0
        progress(Progress("embedding", 0, to_embed))

    def collect(self, batch: Sequence[Chunk], *, carried: bool = False) -> Vectors:
        """Return the vectors of a batch; embed each missing text once.

        Args:
            batch: the chunks.
            carried: whether they stand in the live version under their own ids.

        Returns:
            Array of shape (chunks, dimension), float32, rows of length 1.

        Raises:
            PublishError: the model gave unusable vectors.
        """
        by_hash = self._read_stored(batch, carried=carried)
        texts = {c.embedding_hash: c.embedding_text for c in batch}
        missing = [key for key in texts if key not in by_hash]
        if missing:
            embedded = self._embed([texts[key] for key in missing])
            by_hash.update(zip(missing, embedded, strict=True))
            self.embedded += len(missing)
            self._progress(Progress("embedding", self.embedded, max(self._to_embed, self.embedded)))
        return self._check(np.stack([by_hash[c.embedding_hash] for c in batch]), len(batch))

    def _embed(self, texts: list[str]) -> Vectors:
        started = time.perf_counter()
        vectors = self._check(self._embedder.embed_passages(texts), len(texts))
        self.seconds += time.perf_counter() - started
        self.characters += sum(map(len, texts))
        return vectors

    def _read_stored(self, batch: Sequence[Chunk], *, carried: bool) -> dict[str, Vector]:
        """Read the vectors to carry over, by hash of their text.

        Each vector has shape (dimension,), float32.
        """
        if self._live is None:
            return {}
        if carried:
            ids = {chunk.embedding_hash: chunk.id for chunk in batch}
        else:
            keys = {chunk.embedding_hash for chunk in batch}
            ids = {key: self._vector_ids[key] for key in keys if key in self._vector_ids}
        if not ids:
            return {}
        stored = self._store.read_vectors(self._live.collection, list(ids.values()))
        return {key: stored[id_] for key, id_ in ids.items() if id_ in stored}

    def _check(self, vectors: Vectors, count: int) -> Vectors:
        """Return the vectors, of shape (count, dimension), if they are usable.

        Milvus Lite accepts NaN without an error, and a wrong vector finds wrong neighbours.

        Raises:
            PublishError: the vectors have another shape, or not all numbers are finite.
        """
        if vectors.shape != (count, self._embedder.dimension) or not np.isfinite(vectors).all():
            raise PublishError(
                f"The model {self._embedder.model} gave unusable vectors; nothing was published."
            )
        return vectors
