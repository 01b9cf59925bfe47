"""A build on a cluster, for the plain sync: its reader of pages, and its embedder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from ingest.documents import Page
from ingest.engine.parts import Part, Parts, build_page_key
from ingest.engine.stages import parse_part, serialise_pages
from ingest.errors import IngestError, PublishError
from ingest.loading.chunker import Chunker
from ingest.loading.frames import Outcome
from ingest.loading.reading import CancelCheck
from rag_core import __version__
from rag_core.protocols import Embedder, TruncatingEmbedder
from rag_core.types import Vector, Vectors

PART_PAGES = 32
"""Most pages of a part: a stop costs the parts that were at work."""

_FEWEST_PAGES = 4  # each part starts a process that reads
_WANTED_PARTS = 32  # so that a small build has work for several workers, too

PART_BYTES = 16 * 2**20
"""Most bytes of the pages of a part, unless one page alone has more."""

RunParts = Callable[[Iterable[bytes], Chunker], Generator[Mapping[str, Any], None, None]]
"""Yields the rows of parts as `ingest.engine.cluster.run_on_cluster` does."""


class ClusterBuild:
    """A build whose pages are read and embedded elsewhere; it goes on after a stop.

    It is an embedder, which answers from what was embedded, and asks docent's own model for the
    rest: questions, and texts that a worker did not see.

    Args:
        embedder: docent's own.
        run_parts: runs parts through the stages.
        folder: where finished parts are kept until the build is published.
        part_pages: most pages of a part; by default by the number of pages.
    """

    def __init__(
        self,
        embedder: Embedder,
        run_parts: RunParts,
        folder: Path,
        *,
        part_pages: int | None = None,
    ) -> None:
        self._embedder = embedder
        self._run_parts = run_parts
        self._folder = folder
        self._part_pages = part_pages
        self._parts: Parts | None = None

    def read(
        self, pages: Sequence[Page], chunker: Chunker, check_cancelled: CancelCheck
    ) -> Generator[Outcome, None, None]:
        """Read, divide and embed pages on the cluster; see `PageReader`.

        Args:
            pages: the pages to read.
            chunker: its rules are those of the workers.
            check_cancelled: called after each part; an exception from it ends the build.

        Yields:
            The outcome of each page.

        Raises:
            IngestError: the cluster failed.
            PublishError: a worker's model gave unusable vectors.
        """
        parts = self._parts = self._parts or Parts(self._folder, self._build_recipe(chunker))
        keys = [build_page_key(page) for page in pages]
        missing = {key: page for key, page in zip(keys, pages, strict=True) if key not in parts}
        most = self._part_pages or _choose_part_size(len(missing))
        groups = [*_split_pages(missing, most)]
        works = (serialise_pages(missing[key] for key in group) for group in groups)
        with closing(self._run_parts(works, chunker)) as rows:
            for key, page in zip(keys, pages, strict=True):
                while key not in parts:
                    if (row := next(rows, None)) is None:
                        raise IngestError("The Ray cluster returned too few parts of the build.")
                    part = parse_part(row, groups[row["number"]])
                    self._check_vectors(part)
                    parts.add(part)
                    check_cancelled()
                yield parts.read_page(key).parse(page)

    def _check_vectors(self, part: Part) -> None:
        """Check vectors before they are kept.

        Each later build would take them up.

        Raises:
            PublishError: they have another shape, or not all numbers are finite.
        """
        shape = (len(part.texts), self.dimension)
        if part.vectors.shape != shape or not np.isfinite(part.vectors).all():
            raise PublishError(
                f"The model {self.model} gave unusable vectors on the cluster; nothing was "
                "published."
            )

    def finish(self) -> None:
        """Remove the parts: the build is published."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._embedder.model

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens."""
        return self._embedder.max_tokens

    @property
    def truncated(self) -> int:
        """Number of passages so far of which the model read only the beginning."""
        here = self._embedder.truncated if isinstance(self._embedder, TruncatingEmbedder) else 0
        return here + (self._parts.truncated if self._parts else 0)

    def embed_query(self, text: str) -> Vector:
        """Embed a question with docent's own model.

        Returns: array of shape (dimension,), float32, of length 1.
        """
        return self._embedder.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages, those from the cluster as they are.

        Returns: array of shape (texts, dimension), float32, rows of length 1.
        """
        found = [self._parts.find_vector(text) if self._parts else None for text in texts]
        missing = [number for number, vector in enumerate(found) if vector is None]
        if missing:
            vectors = self._embedder.embed_passages([texts[number] for number in missing])
            for number, vector in zip(missing, vectors, strict=True):
                found[number] = vector
        rows = [vector for vector in found if vector is not None]
        return np.stack(rows) if rows else np.empty((0, self.dimension), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""
        return self._embedder.count_tokens(texts)

    def _build_recipe(self, chunker: Chunker) -> str:
        model, dimension = self._embedder.model, self._embedder.dimension
        return f"{__version__}|{chunker.fingerprint}|{model}|{dimension}"


def _choose_part_size(pages: int) -> int:
    return min(PART_PAGES, max(_FEWEST_PAGES, pages // _WANTED_PARTS))


def _split_pages(pages: Mapping[str, Page], most: int) -> Iterator[list[str]]:
    """Yield the keys of the pages of each part, in their order."""
    group: list[str] = []
    size = 0
    for key, page in pages.items():
        if group and (len(group) == most or size + page.size > PART_BYTES):
            yield group
            group, size = [], 0
        group.append(key)
        size += page.size
    if group:
        yield group
