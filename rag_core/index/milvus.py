"""The index in Milvus: Lite, a server or Zilliz Cloud. The one file that knows pymilvus."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import grpc
import numpy as np
from pymilvus import DataType, Function, FunctionType, MilvusClient, MilvusException
from pymilvus.client.types import Status

from rag_core.errors import StoreError, StoreUnavailableError, WordSearchError
from rag_core.index.filters import filter_expression, pages_expression
from rag_core.index.milvus_lite import check_directory, damaged, quieten, release
from rag_core.index.rows import (
    FIELDS,
    TEXTS,
    batches,
    chunk_of,
    has_words,
    page_vectors_of,
    properties_of,
    row_of,
    spec_of,
)
from rag_core.settings import RagSettings
from rag_core.types import (
    Chunk,
    Hit,
    IndexSpec,
    LiveIndex,
    PageKey,
    PageVector,
    Scope,
    Vector,
    Vectors,
)

_MAX_BYTES = 65_535  # VARCHAR max_length: bytes on a server, characters on Lite
_READ_ROWS = 500
_PAGE_CHUNKS = 64  # that show where a page points
_REMEMBERED_PAGES = 10_000  # 40 MB at 1,024 dimensions
_GRPC_OPTIONS = {
    # pymilvus pings every 10 s; servers answer that with `too_many_pings` warnings.
    "grpc.keepalive_time_ms": 600_000,
    "grpc.keepalive_permit_without_calls": 0,
}


class MilvusStore:
    """Implements `rag_core.protocols.VectorStore`.

    Dense vectors are searched by inner product over unit vectors (the cosine), exactly on Lite and
    by AUTOINDEX elsewhere; BM25 runs inside Milvus over the tokens of `rag_core.index.bm25_tokens`.
    """

    def __init__(
        self, client: MilvusClient, *, alias: str, uri: str, lite: bool, words: bool = True
    ) -> None:
        self._client = client
        self._alias = alias
        self._uri = uri
        self._lite = lite
        self._words = words
        # Milvus Lite loses rows under concurrent writers: every write goes through one lock.
        self._write = threading.RLock()
        self._pages: dict[str, dict[PageKey, PageVector]] = {}

    @classmethod
    def open(cls, settings: RagSettings) -> Self:
        """Connect to Milvus and load what is there.

        Raises:
            SettingsError: a Lite path that does not end in `.db`.
            StoreLockedError: another process holds the Lite directory.
            StoreFormatError: the path is no Lite directory.
            StoreUnavailableError: nothing answers at the URI.
        """
        quieten()
        path = settings.milvus_path
        if path is not None:
            check_directory(path)
        uri = str(path or settings.milvus_uri)
        token = settings.milvus_token.get_secret_value() if settings.milvus_token else ""
        with _translated(uri):
            try:
                client = MilvusClient(uri=uri, token=token, timeout=10, grpc_options=_GRPC_OPTIONS)
            except MilvusException:
                if path is not None:
                    check_directory(path)  # somebody was quicker: say who holds it
                raise
            lite = path is not None
            words = lite or has_words(client.get_server_version())
            store = cls(client, alias=settings.collection, uri=uri, lite=lite, words=words)
            store._load()
        return store

    def _load(self) -> None:
        """After a reopen every collection is released."""
        try:
            for collection in self.collections():
                self._client.load_collection(collection)
        except (MilvusException, StoreError) as error:
            if not self._lite:
                raise
            self.close()
            raise damaged(self._uri) from error

    def close(self) -> None:
        """Close the connection; a Lite directory is free for another process afterwards."""
        with self._write:
            self._client.close()
            if self._lite:
                release(self._uri)

    # Reading

    def live(self) -> LiveIndex | None:
        """The version behind the alias; None before the first publish."""
        with _translated(self._uri):
            collection = self._target()
            if collection is None:
                return None
            properties = self._client.describe_collection(collection)["properties"]
        return LiveIndex(collection, spec_of(properties))

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        """Nearest chunks by inner product, best first; at most `limit` (<= 16,384)."""
        return self._search(collection, "vector", vector.tolist(), limit, scope)

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        """Chunks by BM25, best first. Scores are made positive: Lite reports them negated.

        Raises:
            WordSearchError: the server is older than BM25 in Milvus.
        """
        if not self._words:
            raise WordSearchError(
                f"Milvus at {self._uri} is older than 2.5 and can't search for words: upgrade it, "
                "and run `docent index --full`."
            )
        if not terms:
            return []
        hits = self._search(collection, "sparse", terms, limit, scope)
        return [Hit(hit.chunk, abs(hit.score)) for hit in hits]

    def _search(
        self, collection: str, field: str, query: Any, limit: int, scope: Scope
    ) -> list[Hit]:
        with _translated(self._uri):
            rows = self._client.search(
                collection,
                [query],
                anns_field=field,
                limit=limit,
                filter=filter_expression(scope),
                output_fields=FIELDS,
                search_params={"metric_type": "IP" if field == "vector" else "BM25"},
            )[0]
        return [Hit(chunk_of(row["entity"]), float(row["distance"])) for row in rows]

    def count(self, collection: str) -> int:
        """Rows of a collection, counted: a server's statistics lag behind."""
        with _translated(self._uri):
            rows = self._client.query(
                collection, filter="", output_fields=["count(*)"], consistency_level="Strong"
            )
        return int(rows[0]["count(*)"])

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """The stored vectors of these chunks; ids that are not there are left out."""
        found: dict[str, Vector] = {}
        for start in range(0, len(ids), _READ_ROWS):
            with _translated(self._uri):
                rows = self._client.get(
                    collection, list(ids[start : start + _READ_ROWS]), output_fields=["vector"]
                )
            found.update({row["id"]: np.asarray(row["vector"], np.float32) for row in rows})
        return found

    def page_vectors(self, collection: str, pages: Sequence[PageKey]) -> dict[PageKey, PageVector]:
        """Where each page points, by its first chunks where it has very many.

        Remembered: a version that answers questions is not written to any more.
        """
        known = self._pages.get(collection, {})
        if missing := [page for page in pages if page not in known]:
            with _translated(self._uri):
                rows = self._client.query(
                    collection,
                    filter=pages_expression(missing, _PAGE_CHUNKS),
                    output_fields=["source", "path", "vector"],
                )
            fresh = page_vectors_of(rows)
            known = {**known, **fresh}
            # Put in place whole: other threads read the old one meanwhile.
            self._pages = {collection: known if len(known) <= _REMEMBERED_PAGES else fresh}
        return {page: known[page] for page in pages if page in known}

    def chunks(self, collection: str) -> Iterator[Chunk]:
        """Every chunk of a collection, in no particular order; an older one has fewer fields."""
        with _translated(self._uri):
            described = self._client.describe_collection(collection)["fields"]
            fields = {field["name"] for field in described} & set(FIELDS)
            rows = self._client.query_iterator(
                collection, batch_size=_READ_ROWS, output_fields=sorted(fields)
            )
            try:
                while batch := rows.next():
                    yield from (chunk_of(row) for row in batch)
            finally:
                rows.close()

    def collections(self) -> list[str]:
        """Names of this index's versions, live or not."""
        with _translated(self._uri):
            names = self._client.list_collections()
        # Another index of the same server may be called `docent__something`.
        version = re.compile(rf"{re.escape(self._alias)}__v\d+(_[0-9a-f]{{8}})?")
        return sorted(name for name in names if version.fullmatch(name))

    # Writing

    def create(self, collection: str, spec: IndexSpec) -> None:
        """Make an empty collection; one of that name is dropped first."""
        with self._write, _translated(self._uri):
            self._pages.pop(collection, None)
            if self._client.has_collection(collection):
                self._client.drop_collection(collection)
            self._client.create_collection(
                collection,
                schema=_schema(spec.dimension, words=self._words),
                index_params=_indexes(lite=self._lite, words=self._words),
                consistency_level="Strong" if self._lite else "Bounded",
                properties=properties_of(spec),
            )

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Write chunks with their vectors; returns when Milvus has acknowledged them.

        Raises:
            StoreError: a vector has another length than the chunks or holds a NaN, which Lite
                would take without a word.
        """
        if len(chunks) != len(vectors) or not np.isfinite(vectors).all():
            raise StoreError(f"The vectors for {collection} are not usable; nothing was written.")
        rows = [row_of(chunk, vector) for chunk, vector in zip(chunks, vectors, strict=True)]
        with self._write, _translated(self._uri):
            for batch in batches(rows):
                for row in batch if not self._words else ():
                    del row["terms"]
                self._client.insert(collection, batch)

    def seal(self, collection: str) -> int:
        """Flush and load a collection that is complete; the number of rows it holds.

        Unflushed rows are searched 25 times slower on Lite.
        """
        with self._write, _translated(self._uri):
            self._client.flush(collection)
            self._client.load_collection(collection)
        return self.count(collection)

    def switch(self, collection: str) -> None:
        """Point the alias at a sealed collection: from here on it is the live version."""
        with self._write, _translated(self._uri):
            if self._target() is None:
                self._client.create_alias(collection, self._alias)
            else:
                self._client.alter_alias(collection, self._alias)

    def drop(self, collection: str) -> None:
        """Remove a collection that is not live, by its real name.

        Raises:
            StoreError: it is the live one.
        """
        with self._write, _translated(self._uri):
            if self._target() == collection:
                raise StoreError(f"{collection} answers questions now and is not dropped.")
            self._pages.pop(collection, None)
            self._client.drop_collection(collection)

    def _target(self) -> str | None:
        """The collection behind the alias, or None.

        Found in the lists: asking for a missing alias is an error that Milvus does not tell from
        others. Looked for twice, because it may move to one that was looked at already.
        """
        return next((c for _ in range(2) for c in self.collections() if self._is_live(c)), None)

    def _is_live(self, collection: str) -> bool:
        try:
            return self._alias in self._client.list_aliases(collection)["aliases"]
        except MilvusException:
            if collection in self.collections():
                raise
            return False  # an old version that was dropped just now


def _schema(dimension: int, *, words: bool) -> Any:
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    text = {"datatype": DataType.VARCHAR, "max_length": _MAX_BYTES}
    for name in TEXTS:
        schema.add_field(name, **text)
    many = {"datatype": DataType.ARRAY, "element_type": DataType.VARCHAR, "max_capacity": 64}
    schema.add_field("headings", **many, max_length=_MAX_BYTES)
    schema.add_field("position", DataType.INT64)
    if words:  # Milvus itself computes BM25
        analyzer = {"enable_analyzer": True, "analyzer_params": {"tokenizer": "standard"}}
        schema.add_field("terms", **text, **analyzer)
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(Function("bm25", FunctionType.BM25, ["terms"], ["sparse"]))
    return schema


def _indexes(*, lite: bool, words: bool) -> Any:
    indexes = MilvusClient.prepare_index_params()
    # HNSW saves little on Lite and loses recall.
    indexes.add_index("vector", index_type="FLAT" if lite else "AUTOINDEX", metric_type="IP")
    if words:
        indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    return indexes


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    """Turn what pymilvus raises into errors of ours, the cause kept for logs."""
    uri = re.sub(r"//[^/@]*@", "//", uri)  # no password in a sentence
    try:
        yield
    except (MilvusException, grpc.RpcError) as error:
        # pymilvus lets some of gRPC's errors through, and puts the codes of others into its own.
        code = error.code if isinstance(error, MilvusException) else None
        if code == Status.CONNECT_FAILED or not isinstance(code, int):
            raise StoreUnavailableError(
                f"No Milvus answers at {uri}: check that it runs, DOCENT_MILVUS_URI and "
                "DOCENT_MILVUS_TOKEN."
            ) from error
        raise StoreError(f"Milvus at {uri} refused a call: {error.message}") from error
