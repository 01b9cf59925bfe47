"""The check of the LLM for `docent doctor`: its server, its models, and an answer of each."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from rag_core.errors import GenerationError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.generation.llm.connection import ServedModel
from rag_core.generation.llm.role import LLMRole
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings
from rag_core.types import Turn

_SYSTEM = "You are asked whether you work. Answer with one word."
_QUESTION = Turn("user", "Do you work?")
_SHOWN_MODELS = 20
_ALIASES = ("{}:latest", "models/{}")
"""Other names of a model in the lists of Ollama and of Gemini."""


def check_llm(settings: RagSettings) -> list[CheckResult]:
    """List the server's models, and ask those in use for a word.

    Args:
        settings: the server, its key, the models and their options.

    Returns:
        One result per check, in the order of the checks.

    Raises:
        SettingsError: the options are not valid.
    """
    roles = [LLMRole.answering(settings), LLMRole.rewriting(settings)]
    if settings.openai_api_key is None and settings.openai_base_url is None:
        says = "none is set up, so docent quotes: set OPENAI_API_KEY or OPENAI_BASE_URL"
        return [CheckResult("LLM server", passed=False, says=says)]
    models, result = _check_list(OpenAIGenerator(settings))
    checked = [
        _check_model(OpenAIGenerator(settings, role=role), role, models) for role in roles if role
    ]
    return [result, *checked]


def _check_list(llm: OpenAIGenerator) -> tuple[list[ServedModel], CheckResult]:
    """List the server's models, as a result that is never a failure."""
    models = llm.list_models()
    if not models:
        return [], CheckResult("LLM server", passed=True, says="it lists no models")
    names = [model.name for model in models]
    more = f" and {len(names) - _SHOWN_MODELS} more" if len(names) > _SHOWN_MODELS else ""
    says = f"it offers {', '.join(names[:_SHOWN_MODELS])}{more}"
    return models, CheckResult("LLM server", passed=True, says=says)


def _check_model(llm: OpenAIGenerator, role: LLMRole, models: Sequence[ServedModel]) -> CheckResult:
    name = f"{role.variable} {role.model}"
    try:
        pieces = [each for each in llm.generate(_SYSTEM, (_QUESTION,)) if isinstance(each, str)]
    except GenerationError as error:
        return CheckResult(name, passed=False, says=f"{error}{_suggest(role.model, models)}")
    if not pieces:
        return CheckResult(name, passed=False, says="it wrote no text")
    remarks = [*_describe_place(role.model, models)]
    if refused := llm.refused_options:
        remarks.append(f"it refuses {', '.join(refused)}, so docent leaves that out")
    return CheckResult(name, passed=True, says="; ".join(["it answers", *remarks]))


def _describe_place(model: str, models: Sequence[ServedModel]) -> list[str]:
    """Say whether the server lists a model, and when it ends."""
    if not models:
        return []
    found = _find_model(model, models)
    if found is None:
        return ["the server does not list it"]
    if not found.ends:
        return ["the server lists it"]
    return [f"its maker switches it off on {found.ends}, so choose another one before"]


def _find_model(model: str, models: Sequence[ServedModel]) -> ServedModel | None:
    names = {model, *(alias.format(model) for alias in _ALIASES)}
    return next((each for each in models if each.name in names), None)


def _suggest(model: str, models: Sequence[ServedModel]) -> str:
    """Name similar models; '' if the model is listed itself."""
    if not models or _find_model(model, models):
        return ""
    near = difflib.get_close_matches(model, [each.name for each in models])
    hint = f" The most similar names there are {', '.join(near)}." if near else ""
    return f" The server does not list {model}.{hint}"
