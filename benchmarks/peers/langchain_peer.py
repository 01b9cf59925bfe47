"""LangChain's indexing API: chunks by their hash in a record manager, cleaned up in full."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langchain_classic.indexes import SQLRecordManager
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.indexing import index
from langchain_milvus import Milvus
from langchain_text_splitters import MarkdownTextSplitter

from benchmarks.peers.worker import BATCH, CHUNK_TOKENS, CountedModel


class _Embeddings(Embeddings):
    def __init__(self, model: CountedModel) -> None:
        self._model = model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._model.embed(texts)

    def embed_query(self, text: str) -> list[float]:
        return self._model.embed([text])[0]


class LangChainPeer:
    """An index in Milvus Lite, and the record manager in SQLite."""

    def __init__(self, model: CountedModel, folder: Path) -> None:
        self._splitter = MarkdownTextSplitter(
            chunk_size=CHUNK_TOKENS, chunk_overlap=0, length_function=model.count_tokens
        )
        self._store = Milvus(
            _Embeddings(model),
            connection_args={"uri": str(folder / "langchain.db")},
            auto_id=False,
        )
        self._records = SQLRecordManager("docs", db_url=f"sqlite:///{folder / 'records.sqlite'}")
        self._records.create_schema()

    def update(self, pages: Mapping[str, str]) -> None:
        """Bring the index to these pages."""
        documents = [
            Document(text, metadata={"source": path})
            for path, page in pages.items()
            for text in self._splitter.split_text(page)
        ]
        index(
            documents,
            self._records,
            self._store,
            cleanup="full",
            source_id_key="source",
            batch_size=BATCH,
            key_encoder="sha256",
        )


def open_peer(model: CountedModel, folder: Path) -> Any:
    """An index without pages."""
    return LangChainPeer(model, folder)
