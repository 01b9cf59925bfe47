"""LlamaIndex's ingestion pipeline: documents by their hash in a docstore, upserted and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.vector_stores.milvus import MilvusVectorStore
from pydantic import PrivateAttr

from benchmarks.peers.worker import BATCH, CHUNK_TOKENS, CountedModel


class _Embedding(BaseEmbedding):
    _model: Any = PrivateAttr()

    def __init__(self, model: CountedModel) -> None:
        super().__init__(embed_batch_size=BATCH)
        self._model = model

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._model.embed(texts)
        return vectors

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class LlamaIndexPeer:
    """An index in Milvus Lite, and the docstore in memory, which is never written to disk."""

    def __init__(self, model: CountedModel, folder: Path) -> None:
        splitter = SentenceSplitter(
            chunk_size=CHUNK_TOKENS,
            chunk_overlap=0,
            tokenizer=lambda text: [0] * model.count_tokens(text),
        )
        self._pipeline = IngestionPipeline(
            transformations=[splitter, _Embedding(model)],
            vector_store=MilvusVectorStore(
                uri=str(folder / "llama_index.db"),
                dim=model.dimension,
                overwrite=True,
                use_async_client=False,
            ),
            docstore=SimpleDocumentStore(),
            docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
            disable_cache=True,  # it keys whole batches, so it holds nothing of an update
        )

    def update(self, pages: Mapping[str, str]) -> None:
        """Bring the index to these pages."""
        self._pipeline.run(
            documents=[
                Document(
                    text=page,
                    id_=path,
                    metadata={"path": path},
                    excluded_embed_metadata_keys=["path"],
                )
                for path, page in pages.items()
            ]
        )


def open_peer(model: CountedModel, folder: Path) -> Any:
    """An index without pages."""
    return LlamaIndexPeer(model, folder)
