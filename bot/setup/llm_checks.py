"""Checks of the LLM: the key, the name of the model, its context, and an answer that streams."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit

from rag_core.errors import DocentError
from rag_core.factory import open_generator
from rag_core.generation.llm.offered_models import OfferedModel, fetch_offered_models
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings
from rag_core.types import Turn

LEAST_CONTEXT = 8_192
"""Tokens of eight passages of the usual length, a question with its thread, and the answer."""

_SYSTEM = "You check a connection. Answer with one word."
_QUESTION = "Say: ready"
_SHOWN_MODELS = 5


def complete_base_url(url: str) -> str:
    """Complete the base URL of a server with `http://` and `/v1`."""
    base = url.strip().rstrip("/")
    base = base if "://" in base else f"http://{base}"
    try:
        return base if urlsplit(base).path else f"{base}/v1"
    except ValueError:  # the settings say what is wrong
        return base


def check_llm(settings: RagSettings) -> Iterator[CheckResult]:
    """Check the LLM, or yield a line that there is none.

    It asks the server for its models and for an answer of a few tokens.
    """
    if settings.openai_api_key is None and settings.openai_base_url is None:
        yield CheckResult(
            "LLM",
            passed=True,
            says="not set up, so answers quote the documentation: set OPENAI_API_KEY, or "
            "OPENAI_BASE_URL for a server of your own",
            is_set_up=False,
        )
        return
    try:
        models = fetch_offered_models(settings)
    except DocentError as error:
        yield CheckResult("LLM", passed=False, says=str(error))
        return
    yield check_model_name(settings.llm_model, models)
    yield _check_answer(settings)


def list_models(settings: RagSettings) -> Iterator[CheckResult]:
    """Yield a line with the models that the server lists."""
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return
    try:
        models = fetch_offered_models(settings)
    except DocentError:  # `check_llm` says why
        return
    if models:
        names = ", ".join(model.name for model in models)
        yield CheckResult("LLM, offered models", passed=True, says=names)


def check_model_name(name: str, models: tuple[OfferedModel, ...] | None) -> CheckResult:
    """Check that the server offers a model, with enough context.

    Args:
        name: value of `DOCENT_LLM_MODEL`.
        models: what the server offers; None if it does not say.

    Returns:
        The result, which names the nearest models if there is no such one.
    """
    if models is None:
        says = f"{name}; its server does not list its models"
        return CheckResult("LLM, model", passed=True, says=says)
    offered = {model.name: model for model in models}
    if name not in offered:
        near = difflib.get_close_matches(name, offered, _SHOWN_MODELS, 0.3) or list(offered)
        names = ", ".join(near[:_SHOWN_MODELS]) or "nothing"
        return CheckResult(
            "LLM, model",
            passed=False,
            says=f"the server has no {name}: set DOCENT_LLM_MODEL to a model that it has, such as "
            f"{names} ({len(offered):,} in all)",
        )
    context = offered[name].context_tokens
    if context is None:
        says = f"the server has {name}, and does not say how much it reads"
        return CheckResult("LLM, model", passed=True, says=says)
    says = f"the server has {name}, with a context of {context:,} tokens"
    if context < LEAST_CONTEXT:
        says += (
            f": docent sends and gets up to {LEAST_CONTEXT:,}, so start the server with a longer "
            "context, or lower DOCENT_ANSWER_CHARACTERS"
        )
        return CheckResult("LLM, model", passed=False, says=says)
    return CheckResult("LLM, model", passed=True, says=says)


def _check_answer(settings: RagSettings) -> CheckResult:
    """Check that an answer arrives, piece by piece."""
    try:
        generator = open_generator(settings)
        begin, first, pieces = monotonic(), 0.0, 0
        events = generator.generate(_SYSTEM, [Turn("user", _QUESTION)]) if generator else ()
        for event in events:
            if isinstance(event, str) and event:
                first = first or monotonic() - begin
                pieces += 1
    except DocentError as error:
        return CheckResult("LLM, answer", passed=False, says=str(error))
    if not pieces:
        says = f"{settings.llm_model} wrote nothing: choose another DOCENT_LLM_MODEL"
        return CheckResult("LLM, answer", passed=False, says=says)
    how = "streams its answers" if pieces > 1 else "answers"
    return CheckResult(
        "LLM, answer", passed=True, says=f"{how}, the first word after {first:.1f} s"
    )
