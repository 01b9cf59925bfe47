from __future__ import annotations

from pymilvus import MilvusClient

from benchmarks.sync.client_calls import client_calls


def test_calls_of_a_client_are_named_in_their_order(tmp_path):
    client = MilvusClient(str(tmp_path / "milvus.db"))
    try:
        with client_calls() as calls:
            client.list_collections()
            client.has_collection("docs")
        client.list_collections()
    finally:
        client.close()
    assert calls == ["list_collections", "has_collection"]
