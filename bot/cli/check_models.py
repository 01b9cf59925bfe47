"""The check of models for `docent doctor`: wrong numbers raise no error by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingest.sources import Source
from ingest.sources.archive.reader import read_archive
from rag_core.errors import ModelError
from rag_core.factory import Models, find_dtype, open_each_embedder
from rag_core.models.known_answers import (
    TUTORIAL_RERANKER,
    CheckResult,
    check_embedder,
    check_reranker,
    check_tutorial,
)
from rag_core.settings import RagSettings

if TYPE_CHECKING:
    from rag_core.models.remote.embedder import RemoteEmbedder

_FAQ = "/faq/"


def check_models(
    settings: RagSettings, models: Models, *, corpus: Path | None
) -> list[CheckResult]:
    """Run the known answers on the weights that docent uses.

    Args:
        settings: the names of the models.
        models: the same models, open.
        corpus: zip of the Milvus 2.4 documentation, for the tutorial's three scores; None to
            leave that check out.

    Returns:
        One result per check, in the order of the checks.

    Raises:
        ModelUnavailableError: the weights are missing and can't be fetched.
        SourceError: the corpus can't be read.
    """
    checks = check_servers(settings)
    models.warm_up()
    lane, dtype = models.inference.questions, find_dtype(settings)
    checks += check_embedder(lane, dtype=dtype)
    if settings.profile == "starter" and not settings.rerank_url:
        # Late interaction compares words: it orders passages, but does not answer yes or no.
        return checks
    checks += check_reranker(lane)
    if corpus is not None and settings.reranker_model == TUTORIAL_RERANKER:
        checks.append(check_tutorial(lane, _read_faq_sections(corpus), dtype=dtype))
    return checks


def check_servers(settings: RagSettings) -> list[CheckResult]:
    """Ask each of several embedding servers for a vector."""
    embedders = open_each_embedder(settings)
    return [_check_server(*each) for each in embedders.items()] if len(embedders) > 1 else []


def _check_server(address: str, embedder: RemoteEmbedder) -> CheckResult:
    try:
        embedder.warm_up()
    except ModelError as error:
        return CheckResult("embedding server", passed=False, says=str(error))
    return CheckResult("embedding server", passed=True, says=f"{address} answers")


def _read_faq_sections(corpus: Path) -> list[str]:
    """Read the Milvus FAQ, split at `# ` as in the tutorial."""
    source = Source(name=corpus.name, uri=str(corpus))
    contents = read_archive(source, corpus, is_wanted=lambda path: _FAQ in f"/{path}")
    return [part for file in contents.files for part in file.data.decode().split("# ")]
