"""The model of the settings, as the workers of a cluster open it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from functools import partial
from typing import Any

from ingest.engine.cluster import ModelPlace, run_on_cluster
from ingest.engine.stages import Tools
from ingest.loading.chunker import Chunker, Tokenizer
from rag_core.protocols import Embedder
from rag_core.settings import RagSettings

_SENT = (
    "profile",
    "embedding_model",
    "embedding_revision",
    "embedding_dim",
    "embedding_max_tokens",
    "embedding_url",
    "embedding_api_key",
    "query_instruction",
    "dtype",
)


def run_with_settings(
    settings: RagSettings, works: Iterable[bytes], chunker: Chunker
) -> Generator[Mapping[str, Any], None, None]:
    """Run parts on the cluster with the model of the settings.

    Args:
        settings: choose the model.
        works: the pages of each part.
        chunker: its rules divide the pages.

    Yields:
        The row of each part that is finished.

    Raises:
        DocentError: see `run_on_cluster`.
    """
    sent = restrict_settings(settings)
    tools = Tools.of(
        partial(open_worker_tokenizer, sent), partial(open_worker_model, sent), chunker
    )
    threads = sent.threads or 1
    yield from run_on_cluster(works, tools, place=find_place(settings), threads=threads)


def restrict_settings(settings: RagSettings) -> RagSettings:
    """Return what workers need of the settings, without other secrets."""
    # Named one by one: also addresses may hold a password, and so may a setting to come.
    sent = {name: getattr(settings, name) for name in _SENT}
    device = "cuda" if (settings.device or "").startswith("cuda") else settings.device
    # Ray gives each worker a GPU of its own, or one thread of its machine.
    more = {"device": device, "threads": settings.threads or 1}
    return RagSettings.model_construct(**{**sent, **more})


def find_place(settings: RagSettings) -> ModelPlace:
    """Return where the model of the settings computes."""
    if settings.embedding_url:
        return "server"
    return "cpu" if settings.profile == "starter" or settings.device == "cpu" else "gpu"


def open_worker_model(settings: RagSettings) -> Embedder:
    """Open the embedder, as docent's own process does for indexing."""
    from rag_core.factory import open_models

    return open_models(settings).inference.indexing


def open_worker_tokenizer(settings: RagSettings) -> Tokenizer:
    """Open what counts tokens as the embedder does, without its weights."""
    from rag_core.factory import open_tokenizer

    return open_tokenizer(settings)
