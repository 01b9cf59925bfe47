"""Chunks and index versions as Milvus keeps them: rows, and properties of a collection."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rag_core.index.bm25_tokens import extract_terms
from rag_core.types import Chunk, IndexSpec, PageKey, PageVector, Vector

TEXTS = ["source", "path", "url", "title", "text", "version", "language"]
FIELDS = ["id", *TEXTS, "headings", "position"]  # a change raises SCHEMA_VERSION
_INSERT_ROWS = 250  # the fastest batch measured on Lite (docs/performance.md)
_INSERT_BYTES = 8 * 2**20  # a server's own limit is 64 MiB a call
_PROPERTY = "docent."


def split_batches(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows for one call each: not too many, and not too large for a server to take."""
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        needed = row["vector"].nbytes + sum(len(row[name].encode()) for name in ("text", "terms"))
        if batch and (len(batch) == _INSERT_ROWS or size + needed > _INSERT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += needed
    if batch:
        yield batch


def build_row(chunk: Chunk, vector: Vector) -> dict[str, Any]:
    """A chunk with its vector, and the terms that BM25 reads."""
    row: dict[str, Any] = {name: getattr(chunk, name) for name in FIELDS}
    row["headings"] = list(chunk.headings)
    row["terms"] = extract_terms(chunk.embedding_text)
    row["vector"] = vector
    return row


def parse_chunk(row: dict[str, Any]) -> Chunk:
    """The chunk of a row; fields that an older index lacks are empty."""
    fields = {name: row[name] for name in FIELDS if name in row}
    return Chunk(**{**fields, "headings": tuple(row["headings"])})


def compute_page_vectors(rows: Sequence[dict[str, Any]]) -> dict[PageKey, PageVector]:
    """Where each page points, by rows with `source`, `path` and `vector`."""
    found: dict[PageKey, list[Any]] = defaultdict(list)
    for row in rows:
        found[row["source"], row["path"]].append(row["vector"])
    return {page: PageVector.of(np.asarray(rows, np.float32)) for page, rows in found.items()}


def build_properties(spec: IndexSpec) -> dict[str, str]:
    """How a version was built, for its collection."""
    return {
        f"{_PROPERTY}model": spec.model,
        f"{_PROPERTY}dimension": str(spec.dimension),
        f"{_PROPERTY}chunker": spec.chunker,
        f"{_PROPERTY}schema": str(spec.schema),
        f"{_PROPERTY}revision": spec.revision,
    }


def parse_spec(properties: dict[str, str]) -> IndexSpec:
    """The same, read back."""
    return IndexSpec(
        model=properties[f"{_PROPERTY}model"],
        dimension=int(properties[f"{_PROPERTY}dimension"]),
        chunker=properties[f"{_PROPERTY}chunker"],
        schema=int(properties[f"{_PROPERTY}schema"]),
        revision=properties[f"{_PROPERTY}revision"],
    )


def has_bm25(version: str) -> bool:
    """Whether a server has BM25, which came with 2.5; a version that can't be told is new."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return found is None or (int(found[1]), int(found[2])) >= (2, 5)
