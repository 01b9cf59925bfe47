"""Builds the parts from the settings: the one place that knows which class takes which part."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

from rag_core.errors import IndexMissingError
from rag_core.inference import Inference
from rag_core.pipeline import Pipeline, Tuning
from rag_core.protocols import Embedder, Generator, Reranker, VectorStore
from rag_core.rank import Ranker
from rag_core.retrieve import Fusion
from rag_core.settings import RagSettings

RERANK_BUDGET_MS = 10_000
"""Ten passages take 3 s in bf16 on two cores, and 12 s in float32: there the last ones are cut."""


class _Warm(Protocol):
    """A model that can be loaded ahead of its first use."""

    def warm_up(self) -> None: ...


class _LoadableEmbedder(Embedder, _Warm, Protocol): ...


class _LoadableReranker(Reranker, _Warm, Protocol): ...


@dataclass(frozen=True, slots=True)
class Models:
    """The worker that owns the models, and how they are tuned."""

    inference: Inference
    tuning: Tuning
    _loaded_ahead: tuple[_Warm, ...]

    def warm_up(self) -> None:
        """Load every model now.

        Raises:
            ModelUnavailableError: the weights are not here and can't be fetched.
        """
        for part in self._loaded_ahead:
            part.warm_up()

    def close(self) -> None:
        """End the worker once its queue is done."""
        self.inference.close()


def open_models(settings: RagSettings) -> Models:
    """The models of the profile, or of the servers that the settings name; not loaded yet.

    Raises:
        SettingsError: the address of a server makes no sense.
    """
    # Torch reads it when it is imported. Threads that spin while they wait take the cores from
    # Milvus and from all else: beside other work a pass took four times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    embedder, reranker = _open_embedder(settings), _open_reranker(settings)
    if embedder is None or reranker is None:
        from rag_core.minilm import MiniLM

        starter = MiniLM()
        embedder, reranker = embedder or starter, reranker or starter
    inference = Inference(embedder, reranker, places=settings.max_questions)
    loaded_ahead = tuple(dict.fromkeys((embedder, reranker)))
    return Models(inference, _tuning(settings), loaded_ahead)


def _open_embedder(settings: RagSettings) -> _LoadableEmbedder | None:
    """None for the starter's, which is embedder and reranker in one."""
    if settings.embedding_url:
        from rag_core.model_server import EMBEDDING, Address, ModelServer
        from rag_core.remote import RemoteEmbedder

        key = settings.embedding_api_key
        address = Address.of(settings.embedding_url, "/v1/embeddings", EMBEDDING, key)
        return RemoteEmbedder(
            ModelServer(address),
            settings.embedding_model,
            dimension=settings.embedding_dim,
            instruction=settings.query_instruction,
            max_tokens=settings.embedding_max_tokens,
        )
    if settings.profile == "starter":
        return None
    from rag_core.embedder import LocalEmbedder

    return LocalEmbedder(
        settings.embedding_model,
        dimension=settings.embedding_dim,
        instruction=settings.query_instruction,
    )


def _open_reranker(settings: RagSettings) -> _LoadableReranker | None:
    """None for the starter's, which is embedder and reranker in one."""
    if settings.rerank_url:
        from rag_core.model_server import RERANK, Address, ModelServer
        from rag_core.remote import RemoteReranker

        address = Address.of(settings.rerank_url, "/rerank", RERANK, settings.rerank_api_key)
        return RemoteReranker(ModelServer(address), settings.reranker_model)
    if settings.profile == "starter":
        return None
    from rag_core.reranker import LocalReranker

    return LocalReranker(settings.reranker_model)


def _tuning(settings: RagSettings) -> Tuning:
    budget = settings.rerank_budget_ms
    if settings.profile == "starter" and not settings.rerank_url:
        # Late interaction over the embedder's own tokens is a weak judge: a small share
        # (docs/quality.md). Deeper reranking costs more than it gives.
        return Tuning(Fusion(), Ranker(depth=8, weight=0.15, budget_ms=budget or 0))
    budget = RERANK_BUDGET_MS if budget is None else budget
    return Tuning(Fusion(), Ranker(depth=10, weight=1.0, budget_ms=budget))


def number_type(settings: RagSettings) -> str:
    """What the models compute in, for the tolerance of a comparison; of a server, what is usual."""
    if settings.embedding_url or settings.rerank_url:
        return "bfloat16"
    if settings.profile == "starter":
        return "float32"
    from rag_core.device import Placement

    return str(Placement.choose().dtype).removeprefix("torch.")


def open_store(settings: RagSettings, *, create: bool = False) -> VectorStore:
    """Milvus; a Lite directory that is not there is only made to `create` an index in it.

    Raises:
        IndexMissingError: there is no directory.
        StoreError, SettingsError: see `MilvusStore.open`.
    """
    path = settings.milvus_path
    if not create and path is not None and not path.exists():
        raise IndexMissingError(f"There is no index at {path} yet: run `docent index` first.")
    from rag_core.store import MilvusStore

    return MilvusStore.open(settings)


def open_generator(settings: RagSettings) -> Generator | None:
    """The LLM; None where neither a key nor a server of one's own is set."""
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return None
    from rag_core.generate import OpenAIGenerator

    return OpenAIGenerator(settings)


def open_pipeline(settings: RagSettings, models: Models, store: VectorStore) -> Pipeline:
    """The pipeline over parts that are open."""
    lane = models.inference.questions
    return Pipeline(
        embedder=lane,
        reranker=lane,
        store=store,
        generator=open_generator(settings),
        tuning=models.tuning,
        place=models.inference.place,
    )
