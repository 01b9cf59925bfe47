"""`docent doctor`: checks what can be wrong without an error, and says it in plain words."""

from __future__ import annotations

from pathlib import Path

from ingest.sources import Source
from ingest.sources.archive.reader import read_archive
from rag_core.factory import Models, find_dtype
from rag_core.models.known_answers import (
    TUTORIAL_RERANKER,
    CheckResult,
    check_embedder,
    check_reranker,
    check_tutorial,
)
from rag_core.settings import RagSettings

_FAQ = "/faq/"


def check_models(
    settings: RagSettings, models: Models, *, corpus: Path | None
) -> list[CheckResult]:
    """Run the known answers on the weights that docent uses.

    Args:
        settings: which models.
        models: the same, open.
        corpus: the Milvus 2.4 documentation as a zip, for the tutorial's three scores.

    Raises:
        ModelUnavailableError: the weights are not here and can't be fetched.
        SourceError: the corpus can't be read.
    """
    models.warm_up()
    lane, dtype = models.inference.questions, find_dtype(settings)
    checks = check_embedder(lane, dtype=dtype)
    if settings.profile == "starter" and not settings.rerank_url:
        # Late interaction compares words: it orders passages, and is no judge of yes and no.
        return checks
    checks += check_reranker(lane)
    if corpus is not None and settings.reranker_model == TUTORIAL_RERANKER:
        checks.append(check_tutorial(lane, _read_faq_sections(corpus), dtype=dtype))
    return checks


def _read_faq_sections(corpus: Path) -> list[str]:
    """The Milvus FAQ in the tutorial's pieces: split at `# `."""
    source = Source(name=corpus.name, uri=str(corpus))
    found = read_archive(source, corpus, is_wanted=lambda path: _FAQ in f"/{path}")
    return [part for file in found.files for part in file.data.decode().split("# ")]
