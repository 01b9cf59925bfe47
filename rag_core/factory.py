"""Build the parts from the settings; only this module knows which class is which part."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag_core.addresses import parse_http_address
from rag_core.errors import IndexMissingError
from rag_core.extras import check_index_extras, check_model_extras
from rag_core.generation.instructions import read_instructions
from rag_core.inference.lanes import InferenceWorker
from rag_core.outages import Outages
from rag_core.pipeline import AnswerLimits, Pipeline
from rag_core.protocols import Embedder, Generator, Reranker, VectorStore
from rag_core.settings import RagSettings
from rag_core.tuning import Tuning, choose_tuning

if TYPE_CHECKING:
    from rag_core.models.device import Placement
    from rag_core.models.minilm import MiniLM
    from rag_core.models.model_tokenizer import ModelTokenizer
    from rag_core.models.remote.embedder import RemoteEmbedder
    from rag_core.models.remote.reranker import RemoteReranker
    from rag_core.models.remote.server_address import Address


@dataclass(frozen=True, slots=True)
class Models:
    """The worker that owns the models, and the tuning that suits them.

    Attributes:
        inference: the worker.
        tuning: settings of retrieval, reranking and refusing.
        outages: where the servers of models and the LLM report that they do not work.
    """

    inference: InferenceWorker
    tuning: Tuning
    outages: Outages = field(default_factory=Outages)

    def warm_up(self) -> None:
        """Load every model now, on the worker's thread, and compile the glossary.

        Raises:
            ModelUnavailableError: the weights can't be downloaded, or a server is down.
        """
        self.tuning.glossary.warm_up()
        self.inference.warm_up()

    def close(self) -> None:
        """End the worker when its queues are empty."""
        self.inference.close()


def open_models(settings: RagSettings, outages: Outages | None = None) -> Models:
    """Create the models of the profile or the servers; load nothing.

    They report to `outages` what does not work; the pipeline over them reports there too.

    Raises:
        ExtraMissingError: the extra of the profile is not installed.
        SettingsError: the address or the key of a server is not valid, or the glossary is not.
        ModelError: this machine lacks the device.
    """
    check_model_extras(settings)
    _shorten_spin_wait()
    outages = outages or Outages()
    embedder, reranker = _open_embedder(settings, outages), _open_reranker(settings, outages)
    if embedder is None or reranker is None:
        from rag_core.models.minilm import MiniLM

        starter = MiniLM(settings.threads)
        embedder, reranker = embedder or starter, reranker or starter
    inference = InferenceWorker(embedder, reranker, slots=settings.max_questions)
    return Models(inference, choose_tuning(settings), outages)


def _shorten_spin_wait() -> None:
    """Shorten the time that torch's threads spin between two products.

    GNU OpenMP reads the setting when torch is loaded. Its default of 300,000 rounds takes the cores
    from Milvus and everything else: beside other work a pass took up to three times as long.
    Threads that sleep at once wake up late: on an idle machine a pass then took half as long again
    (docs/performance.md).
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _open_embedder(settings: RagSettings, outages: Outages) -> Embedder | None:
    """Create the embedder; return None for the starter's model."""
    if settings.embedding_url:
        return _open_remote_embedder(settings, settings.embedding_url, outages)
    if settings.profile == "starter":
        return None
    from rag_core.models.embedder import LocalEmbedder

    return LocalEmbedder(
        settings.embedding_model,
        revision=settings.embedding_revision,
        dimension=settings.embedding_dim,
        instruction=settings.query_instruction,
        placement=_choose_placement(settings),
    )


def _open_remote_embedder(settings: RagSettings, url: str, outages: Outages) -> RemoteEmbedder:
    from rag_core.models.remote.embedder import RemoteEmbedder
    from rag_core.models.remote.server_pool import open_servers

    return RemoteEmbedder(
        open_servers(_list_embedding_addresses(settings, url), outages),
        settings.embedding_model,
        dimension=settings.embedding_dim,
        instruction=settings.query_instruction,
        max_tokens=settings.embedding_max_tokens,
    )


def _list_embedding_addresses(settings: RagSettings, url: str) -> tuple[Address, ...]:
    from rag_core.models.remote.server_address import EMBEDDING, Address

    return Address.list_of(url, "/v1/embeddings", EMBEDDING, settings.embedding_api_key)


def open_each_embedder(settings: RagSettings) -> dict[str, RemoteEmbedder]:
    """Open an embedder for each embedding server, by its address without secrets.

    Raises:
        SettingsError: the address or the key of a server is not valid.
    """
    if not settings.embedding_url:
        return {}
    return {
        address.display_url: _open_remote_embedder(settings, str(address.url), Outages())
        for address in _list_embedding_addresses(settings, settings.embedding_url)
    }


def open_tokenizer(settings: RagSettings) -> MiniLM | RemoteEmbedder | ModelTokenizer:
    """Open the tokenizer of the embedder, without weights or a server.

    Raises:
        ExtraMissingError: the extra of the profile is not installed.
        SettingsError: the address or the key of a server is not valid.
        ModelError: the tokenizer of the model can't be read.
    """
    if not settings.embedding_url:
        check_model_extras(settings)
    if not settings.embedding_url and settings.profile != "starter":
        from rag_core.models.model_tokenizer import ModelTokenizer

        return ModelTokenizer(settings.embedding_model, settings.embedding_revision)
    if settings.embedding_url:
        return _open_remote_embedder(settings, settings.embedding_url, Outages())
    from rag_core.models.minilm import MiniLM

    return MiniLM()


def _open_reranker(settings: RagSettings, outages: Outages) -> Reranker | None:
    """Create the reranker; return None for the starter's model."""
    if settings.rerank_url:
        return open_remote_reranker(settings, outages)
    if settings.profile == "starter":
        return None
    from rag_core.models.reranker import INSTRUCTION, LocalReranker

    return LocalReranker(
        settings.reranker_model,
        revision=settings.reranker_revision,
        instruction=settings.rerank_instruction or INSTRUCTION,
        placement=_choose_placement(settings),
    )


def open_remote_reranker(settings: RagSettings, outages: Outages | None = None) -> RemoteReranker:
    """Open the reranker of the rerank server.

    Raises:
        SettingsError: the address or the key of the server is not valid, or missing.
    """
    from rag_core.models.remote.http_client import ModelServer
    from rag_core.models.remote.reranker import RemoteReranker
    from rag_core.models.remote.server_address import RERANK, Address

    url = settings.rerank_url or ""
    address = Address.of(url, "/rerank", RERANK, settings.rerank_api_key)
    return RemoteReranker(ModelServer(address, outages or Outages()), settings.reranker_model)


def _choose_placement(settings: RagSettings) -> Placement:
    from rag_core.models.device import Placement

    return Placement.choose(device=settings.device, dtype=settings.dtype, threads=settings.threads)


def find_dtype(settings: RagSettings) -> str:
    """Return the number type of the models; bfloat16 for a server.

    It sets the tolerance of comparisons.
    """
    if settings.embedding_url or settings.rerank_url:
        return "bfloat16"
    if settings.profile == "starter":
        return "float32"
    return str(_choose_placement(settings).dtype).removeprefix("torch.")


def open_store(
    settings: RagSettings, *, create: bool = False, outages: Outages | None = None
) -> VectorStore:
    """Open Milvus; create a missing Lite directory only if `create` is set.

    Args:
        settings: address and token.
        create: whether a missing Lite directory is created.
        outages: where the store reports that Milvus does not work.

    Returns:
        The store.

    Raises:
        ExtraMissingError: the index is in Milvus Lite, which is not installed.
        IndexMissingError: the Lite directory is missing.
        StoreError, SettingsError: see `MilvusStore.open`.
    """
    check_index_extras(settings)
    path = settings.milvus_path
    if not create and path is not None and not path.exists():
        raise IndexMissingError(f"There is no index at {path} yet: run `docent index` first.")
    from rag_core.index.milvus import MilvusStore

    return MilvusStore.open(settings, outages)


def open_generator(settings: RagSettings, outages: Outages | None = None) -> Generator | None:
    """Create the LLM's client, which reports to `outages`.

    Return None without a key or server.

    Raises:
        SettingsError: the server's address is none, or the options are not valid.
    """
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return None
    if settings.openai_base_url is not None:
        parse_http_address("OPENAI_BASE_URL", settings.openai_base_url)
    from rag_core.generation.llm.client import OpenAIGenerator

    return OpenAIGenerator(settings, outages)


def open_rewriter(settings: RagSettings, outages: Outages | None = None) -> Generator | None:
    """Create the client of the model that rewrites follow-ups.

    Return None without an LLM, and where the LLM itself rewrites with the same options.

    Raises:
        SettingsError: the options are not valid.
    """
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return None
    from rag_core.generation.llm.role import LLMRole

    role = LLMRole.rewriting(settings)
    if role is None:
        return None
    from rag_core.generation.llm.client import OpenAIGenerator

    return OpenAIGenerator(settings, outages, role=role)


def open_pipeline(
    settings: RagSettings,
    models: Models,
    store: VectorStore,
    *,
    read_mark: Callable[[], str | None] = lambda: None,
) -> Pipeline:
    """Build the pipeline from open parts.

    Args:
        settings: settings of the LLM, with the team's instructions.
        models: the models and their tuning; the LLM reports to their outages.
        store: the index.
        read_mark: returns a mark that changes when another version goes live.

    Returns:
        The pipeline over these parts.

    Raises:
        SettingsError: the team's instructions can't be read, or the LLM's settings are not valid.
    """
    lane = models.inference.questions
    return Pipeline(
        embedder=lane,
        reranker=lane,
        store=store,
        generator=open_generator(settings, models.outages),
        rewriter=open_rewriter(settings, models.outages),
        tuning=models.tuning,
        instructions=read_instructions(settings.instructions),
        limits=AnswerLimits(settings.answer_seconds, settings.answer_characters),
        hold_slot=models.inference.hold_slot,
        read_mark=read_mark,
    )
