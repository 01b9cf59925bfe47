"""Rows of Milvus for chunks, and properties of a collection for its version."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from rag_core.index.bm25_tokens import extract_terms
from rag_core.types import Chunk, IndexSpec, PageKey, Vector

TEXTS = ["source", "path", "url", "title", "text", "version", "language"]
FIELDS = ["id", *TEXTS, "headings", "position"]  # a change raises SCHEMA_VERSION
MAX_BYTES = 65_535
"""VARCHAR's longest text: bytes on a server, characters on Lite."""

MAX_HEADINGS = 64

_INSERT_ROWS = 250  # the fastest batch measured on Lite (docs/performance.md)
_INSERT_BYTES = 8 * 2**20  # a server's own limit is 64 MiB a call
_PROPERTY = "docent."

OWNER = f"{_PROPERTY}owner"
"""The property of a collection that names the state database of its writer."""

_COMPLETE = f"{_PROPERTY}complete"


def split_batches(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows for one call each, limited in number and in bytes."""
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        row_size = _measure_row(row)
        if batch and (len(batch) == _INSERT_ROWS or size + row_size > _INSERT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row_size
    if batch:
        yield batch


def _measure_row(row: dict[str, Any]) -> int:
    texts = [row[name] for name in (*TEXTS, "terms") if name in row] + row["headings"]
    size: int = row["vector"].nbytes
    return size + sum(len(text.encode()) for text in texts)


def build_row(chunk: Chunk, vector: Vector) -> dict[str, Any]:
    """Build the row of a chunk, with vector and BM25 terms.

    A text that a server would refuse as too long is cut.
    """
    row: dict[str, Any] = {name: getattr(chunk, name) for name in FIELDS}
    row.update({name: _cut(row[name]) for name in TEXTS if name in row})
    row["headings"] = [_cut(heading) for heading in chunk.headings[:MAX_HEADINGS]]
    row["terms"] = _cut(extract_terms(chunk.embedding_text))
    row["vector"] = vector
    return row


def _cut(text: str) -> str:
    if len(text) <= MAX_BYTES // 4:  # a character has four bytes at most
        return text
    return text.encode()[:MAX_BYTES].decode(errors="ignore")


def parse_chunk(row: dict[str, Any]) -> Chunk:
    """Parse a chunk; leave fields empty that an old index lacks."""
    fields = {name: row[name] for name in FIELDS if name in row}
    return Chunk(**{**fields, "headings": tuple(row["headings"])})


def compute_mean_cosines(
    rows: Sequence[dict[str, Any]], pages: Sequence[PageKey]
) -> dict[PageKey, float]:
    """Compute the mean cosine of the hits on each of some pages."""
    asked = set(pages)
    cosines: dict[PageKey, list[float]] = defaultdict(list)
    for row in rows:
        page = row["entity"]["source"], row["entity"]["path"]
        if page in asked:
            cosines[page].append(float(row["distance"]))
    return {page: fmean(each) for page, each in cosines.items()}


def build_properties(spec: IndexSpec, *, complete: bool = True) -> dict[str, str]:
    """Build a collection's properties, which say how it was built, and whether it is complete."""
    return {
        _COMPLETE: "yes" if complete else "no",
        f"{_PROPERTY}model": spec.model,
        f"{_PROPERTY}dimension": str(spec.dimension),
        f"{_PROPERTY}chunker": spec.chunker,
        f"{_PROPERTY}schema": str(spec.schema),
        f"{_PROPERTY}revision": spec.revision,
    }


def parse_spec(properties: dict[str, str]) -> IndexSpec:
    """Parse the properties of a collection."""
    return IndexSpec(
        model=properties[f"{_PROPERTY}model"],
        dimension=int(properties[f"{_PROPERTY}dimension"]),
        chunker=properties[f"{_PROPERTY}chunker"],
        schema=int(properties[f"{_PROPERTY}schema"]),
        revision=properties[f"{_PROPERTY}revision"],
    )


def is_complete(properties: dict[str, str]) -> bool:
    """Return False for a collection whose writing has not ended.

    Those of an earlier docent do not say.
    """
    return properties.get(_COMPLETE) != "no"


def has_bm25(version: str) -> bool:
    """Check whether a server has BM25, which came with Milvus 2.5.

    A version without a number counts as new.
    """
    match = re.search(r"(\d+)\.(\d+)", version)
    return match is None or (int(match[1]), int(match[2])) >= (2, 5)
