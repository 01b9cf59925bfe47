"""Checks of the models that cost no download: their files, their servers and the GPU."""

from __future__ import annotations

from collections.abc import Iterator

from bot.setup.machine import find_gpu, format_size
from rag_core.errors import DocentError
from rag_core.factory import open_each_embedder, open_remote_reranker
from rag_core.models.known_answers import CheckResult
from rag_core.models.probe import PASSAGES, QUESTIONS
from rag_core.settings import RagSettings


def check_model_files(settings: RagSettings) -> Iterator[CheckResult]:
    """Check the models or their servers; download and load nothing."""
    yield from _check_embedding_servers(settings)
    if settings.rerank_url:
        yield _check_rerank_server(settings)
    if settings.embedding_url and settings.rerank_url:
        return
    if settings.profile == "starter":
        yield _check_starter()
        return
    if not settings.embedding_url:
        model, revision = settings.embedding_model, settings.embedding_revision
        result = _check_weights("embedding model", model, revision)
        yield result
        if not result.passed:  # the hub would be as silent about the other one
            return
    if not settings.rerank_url:
        model, revision = settings.reranker_model, settings.reranker_revision
        yield _check_weights("reranker", model, revision)
    yield _check_device(settings)


def _check_embedding_servers(settings: RagSettings) -> Iterator[CheckResult]:
    for address, embedder in open_each_embedder(settings).items():
        try:
            embedder.warm_up()
        except DocentError as error:
            yield CheckResult("embedding server", passed=False, says=str(error))
        else:
            says = f"{address} answers as {settings.embedding_model}"
            yield CheckResult("embedding server", passed=True, says=says)


def _check_rerank_server(settings: RagSettings) -> CheckResult:
    try:
        reranker = open_remote_reranker(settings)
        reranker.rerank(QUESTIONS[0], PASSAGES)
        reranker.warm_up()
    except DocentError as error:
        return CheckResult("rerank server", passed=False, says=str(error))
    return CheckResult(
        "rerank server", passed=True, says=f"it answers as {settings.reranker_model}"
    )


def _check_starter() -> CheckResult:
    from rag_core.models.starter_files import PINNED, read_starter_file

    try:
        size = sum(len(read_starter_file(name)) for name in PINNED)
    except DocentError as error:
        return CheckResult("models", passed=False, says=str(error))
    return CheckResult(
        "models", passed=True, says=f"the starter model is there, {format_size(size)}, English"
    )


def _check_weights(name: str, model: str, revision: str | None) -> CheckResult:
    """Check that a model is here, or on the hub."""
    try:
        from rag_core.models.hub import fetch_download_size, has_model

        if has_model(model, revision):
            return CheckResult(name, passed=True, says=f"{model} is on this machine")
        size = fetch_download_size(model, revision)
    except DocentError as error:
        return CheckResult(name, passed=False, says=str(error))
    except ImportError:
        says = f"{model} runs here: run `pip install 'docent-bot[local]'`"
        return CheckResult(name, passed=False, says=says)
    return CheckResult(
        name,
        passed=True,
        says=f"{model} is not downloaded yet: the first use downloads {format_size(size)}",
        is_set_up=False,
    )


def _check_device(settings: RagSettings) -> CheckResult:
    try:
        gpu = find_gpu()
        if settings.device:
            from rag_core.models.device import Placement

            Placement.choose(device=settings.device)
    except DocentError as error:
        return CheckResult("GPU", passed=False, says=str(error))
    if settings.device == "cpu" or gpu is None:
        says = "none is used, so the models run on the CPU"
        return CheckResult("GPU", passed=True, says=says, is_set_up=False)
    memory = f", {format_size(gpu.memory)}" if gpu.memory else ""
    return CheckResult("GPU", passed=True, says=f"{gpu.name}{memory}")
