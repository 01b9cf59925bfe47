"""Schema of a collection and indexes of its fields."""

from __future__ import annotations

from typing import Any

from pymilvus import DataType, Function, FunctionType, MilvusClient

from rag_core.index.rows import MAX_BYTES, MAX_HEADINGS, TEXTS

BM25_K1 = 1.2
"""Weight of a term that occurs again; the defaults of Milvus Lite and of a server differ."""

BM25_B = 0.75
"""Weight of a chunk's length; docs/quality.md has the measurements of both."""


def build_schema(dimension: int, *, has_bm25: bool) -> Any:
    """Build the schema of a collection, with vectors of a dimension.

    With BM25 it also has the terms, and the sparse vectors that Milvus computes from them.
    """
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    text = {"datatype": DataType.VARCHAR, "max_length": MAX_BYTES}
    for name in TEXTS:
        schema.add_field(name, **text)
    texts = {
        "datatype": DataType.ARRAY,
        "element_type": DataType.VARCHAR,
        "max_capacity": MAX_HEADINGS,
    }
    schema.add_field("headings", **texts, max_length=MAX_BYTES)
    schema.add_field("position", DataType.INT64)
    if has_bm25:
        analyzer = {"enable_analyzer": True, "analyzer_params": {"tokenizer": "standard"}}
        schema.add_field("terms", **text, **analyzer)
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(Function("bm25", FunctionType.BM25, ["terms"], ["sparse"]))
    return schema


def build_mean_schema(dimension: int) -> Any:
    """Build the schema of the means of pages.

    Args:
        dimension: length of a vector.
    """
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_field("count", DataType.INT64)  # of the page's chunks
    schema.add_field("rounded", DataType.INT64)  # see `page_sums.PageSum`
    return schema


def build_vector_index(*, lite: bool) -> Any:
    """Build the index of vectors, exact on Lite."""
    indexes = MilvusClient.prepare_index_params()
    # HNSW saves little on Lite and loses recall.
    indexes.add_index("vector", index_type="FLAT" if lite else "AUTOINDEX", metric_type="IP")
    return indexes


def build_indexes(*, lite: bool, has_bm25: bool) -> Any:
    """Build the indexes of vectors and of BM25."""
    indexes = build_vector_index(lite=lite)
    if has_bm25:
        numbers = {"bm25_k1": BM25_K1, "bm25_b": BM25_B}
        indexes.add_index(
            "sparse",
            index_type="SPARSE_INVERTED_INDEX",
            metric_type="BM25",
            # pymilvus takes the dict apart, and Lite reads only what is in one called "params".
            params={"params": numbers} if lite else numbers,
        )
    return indexes
