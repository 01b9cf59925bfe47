"""Builds the parts from the settings: the one place that knows which class takes which part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rag_core.errors import IndexMissingError
from rag_core.inference import Inference
from rag_core.pipeline import Pipeline, Tuning
from rag_core.protocols import Generator, VectorStore
from rag_core.rank import Ranker
from rag_core.retrieve import Fusion
from rag_core.settings import RagSettings


class _Warm(Protocol):
    """A model that can be loaded ahead of its first use."""

    def warm_up(self) -> None: ...


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
    """The models of the profile, not loaded yet."""
    if settings.profile == "starter":
        from rag_core.minilm import MiniLM

        model = MiniLM()
        # Late interaction over the embedder's own tokens is a weak judge: a small share
        # (docs/quality.md). Deeper reranking costs more than it gives.
        tuning = Tuning(Fusion(), Ranker(depth=8, weight=0.15))
        return Models(Inference(model, model), tuning, (model,))
    from rag_core.embedder import LocalEmbedder
    from rag_core.reranker import LocalReranker

    embedder = LocalEmbedder(settings.embedding_model)
    reranker = LocalReranker(settings.reranker_model)
    tuning = Tuning(Fusion(), Ranker(depth=10, weight=1.0))
    return Models(Inference(embedder, reranker), tuning, (embedder, reranker))


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
    )
