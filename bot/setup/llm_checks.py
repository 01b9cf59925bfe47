"""Checks of the LLM: its server, and an answer of each model in use, with its options."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from time import monotonic
from urllib.parse import urlsplit

from rag_core.addresses import parse_http_address
from rag_core.errors import DocentError, GenerationError, SettingsError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.generation.llm.connection import OPENAI_URL
from rag_core.generation.llm.offered_models import (
    OfferedModel,
    fetch_offered_models,
    find_model,
)
from rag_core.generation.llm.role import ANSWERS, REWRITES, LLMRole, parse_options
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings
from rag_core.types import Turn

LEAST_CONTEXT = 8_192
"""Tokens of eight passages of the usual length, a question with its thread, and the answer."""

_SYSTEM = "You are asked whether you work. Answer with one short sentence."
_QUESTION = Turn("user", "Do you work?")
_LISTED_MODELS = 20
_SUGGESTED_MODELS = 5
_LEAST_SIMILARITY = 0.3


def complete_base_url(url: str) -> str:
    """Complete the base URL of a server with `http://` and `/v1`."""
    base = url.strip().rstrip("/")
    base = base if "://" in base else f"http://{base}"
    try:
        return base if urlsplit(base).path else f"{base}/v1"
    except ValueError:  # the settings say what is wrong
        return base


def check_llm(settings: RagSettings, *, lists_models: bool = False) -> Iterator[CheckResult]:
    """Ask each model in use for a few tokens.

    Args:
        settings: the server, its key, the models and their options.
        lists_models: whether a line says which models the server offers.

    Yields:
        One result for each model; a single one if there is no LLM or it can't be used.
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
    if problems := list(_find_problems(settings)):
        yield from (CheckResult("LLM", passed=False, says=problem) for problem in problems)
        return
    try:
        roles = (LLMRole.answering(settings), LLMRole.rewriting(settings))
        models = fetch_offered_models(settings) or ()
    except DocentError as error:
        yield CheckResult("LLM", passed=False, says=str(error))
        return
    if lists_models:
        yield CheckResult("LLM server", passed=True, says=_describe_server(models))
    for role in filter(None, roles):
        model = find_model(role.model, models)
        answer = _check_answer(OpenAIGenerator(settings, role=role), role, models)
        # A rewriter reads no passages, so it needs no long context.
        yield answer if role.service == "rewriter" else _require_context(answer, model)


def _find_problems(settings: RagSettings) -> Iterator[str]:
    """Yield a sentence for each setting with which nothing can be asked."""
    for check in (
        lambda: parse_http_address("OPENAI_BASE_URL", settings.openai_base_url or OPENAI_URL),
        lambda: parse_options(ANSWERS, settings.llm_options),
        lambda: parse_options(REWRITES, settings.rewrite_options),
    ):
        try:
            check()
        except SettingsError as error:
            yield str(error)


def _describe_server(models: Sequence[OfferedModel]) -> str:
    """Name the models that the server lists, if it lists any."""
    if not models:
        return "it lists no models"
    names = ", ".join(model.name for model in models[:_LISTED_MODELS])
    rest = len(models) - _LISTED_MODELS
    return f"it offers {names} and {rest:,} more" if rest > 0 else f"it offers {names}"


def _require_context(answer: CheckResult, model: OfferedModel | None) -> CheckResult:
    """Let a model fail if its context is too short."""
    context = model.context_tokens if model else None
    if not answer.passed or context is None or context >= LEAST_CONTEXT:
        return answer
    says = (
        f"{answer.says}; docent sends and gets up to {LEAST_CONTEXT:,}, so start the server with "
        "a longer context, or lower DOCENT_ANSWER_CHARACTERS"
    )
    return CheckResult(answer.name, passed=False, says=says)


def _check_answer(
    llm: OpenAIGenerator, role: LLMRole, models: Sequence[OfferedModel]
) -> CheckResult:
    """Check that an answer arrives, and describe it and the model."""
    name = f"{role.variable} {role.model}"
    begin = monotonic()
    try:
        moments = [
            monotonic() - begin
            for event in llm.generate(_SYSTEM, (_QUESTION,))
            if isinstance(event, str) and event
        ]
    except GenerationError as error:
        return CheckResult(name, passed=False, says=f"{error}{_suggest(role.model, models)}")
    if not moments:
        says = f"it wrote no text: set another {role.variable}"
        return CheckResult(name, passed=False, says=says)
    how = "it streams its answers" if len(moments) > 1 else "it answers"
    remarks = [f"{how}, the first word after {moments[0]:.1f} s"]
    if models:
        remarks.append(_describe_model(find_model(role.model, models)))
    if refused := llm.refused_options:
        remarks.append(f"it refuses {', '.join(refused)}, so docent leaves that out")
    return CheckResult(name, passed=True, says="; ".join(remarks))


def _describe_model(model: OfferedModel | None) -> str:
    """Describe the model as the server lists it; None is not listed."""
    if model is None:
        return "the server does not list it"
    says = "the server lists it"
    if model.context_tokens:
        says += f", with a context of {model.context_tokens:,} tokens"
    if model.ends:
        says += f"; its maker switches it off on {model.ends}, so choose another one before"
    return says


def _suggest(name: str, models: Sequence[OfferedModel]) -> str:
    """Name similar models; return '' if the server lists this one."""
    if not models or find_model(name, models):
        return ""
    names = [model.name for model in models]
    near = difflib.get_close_matches(name, names, _SUGGESTED_MODELS, _LEAST_SIMILARITY) or names
    return (
        f" The server does not list {name}; it has {', '.join(near[:_SUGGESTED_MODELS])} "
        f"({len(names):,} in all)."
    )
