"""The models that the LLM's server offers, as `GET /v1/models` lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_core.errors import LLMUnavailableError
from rag_core.generation.llm.connection import open_client
from rag_core.generation.llm.faults import explain_fault, read_error
from rag_core.generation.llm.role import LLMRole
from rag_core.settings import RagSettings

_SECONDS = 15.0
_HOPELESS = {None, 401, 408}
"""Statuses after which the server won't answer a question either; None if it was not reached."""

_CONTEXT_KEYS = ("max_model_len", "context_length", "context_window", "max_context_length")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ALIASES = ("{}:latest", "models/{}")
"""Other names of a model in the lists of Ollama and of Gemini."""


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model of the server.

    Attributes:
        name: the value of `DOCENT_LLM_MODEL` for it.
        context_tokens: tokens that it reads and writes at most; None if the server does not say.
        ends: the day on which its maker switches it off, as YYYY-MM-DD; '' if none is known.
    """

    name: str
    context_tokens: int | None = None
    ends: str = ""


def fetch_offered_models(settings: RagSettings) -> tuple[OfferedModel, ...] | None:
    """Ask the server of the LLM for its models.

    Returns:
        The models by name; None if the server does not list them, though it may answer.

    Raises:
        LLMUnavailableError: the server refuses the key or can't be reached.
    """
    import openai

    options: Any = {"timeout": _SECONDS}
    try:
        with open_client(settings) as client:
            answer: object = client.get("/models", cast_to=object, options=options)
    except (openai.OpenAIError, TimeoutError) as error:
        fault = read_error(error)
        if fault.status not in _HOPELESS:
            return None
        reason = explain_fault(fault, LLMRole(settings.llm_model))
        raise LLMUnavailableError(f"The LLM's server lists no models: {reason}.") from error
    except (ValueError, RecursionError):  # what it sent is not JSON
        return None
    return parse_offered_models(answer)


def parse_offered_models(answer: object) -> tuple[OfferedModel, ...] | None:
    """Parse the list of a server; return None if it is none.

    Ollama and others have `data`, some gateways `models`, and some a bare list.
    """
    places = [answer.get("data"), answer.get("models")] if isinstance(answer, Mapping) else [answer]
    entries = next((place for place in places if isinstance(place, list)), None)
    if entries is None:
        return None
    models = {model.name: model for model in map(_parse_model, entries) if model.name}
    return tuple(models[name] for name in sorted(models))


def find_model(name: str, models: Sequence[OfferedModel]) -> OfferedModel | None:
    """Find a model, also by its longer names; return None without it."""
    names = (name, *(alias.format(name) for alias in _ALIASES))
    by_name = {model.name: model for model in models}
    return next((by_name[each] for each in names if each in by_name), None)


def _parse_model(entry: object) -> OfferedModel:
    if not isinstance(entry, Mapping):
        return OfferedModel(entry if isinstance(entry, str) else "")
    name = str(entry.get("id") or entry.get("name") or "")
    ends = str(entry.get("shutdown_date") or "")
    return OfferedModel(name, _find_context(entry), ends if _DATE.fullmatch(ends) else "")


def _find_context(entry: Mapping[str, Any]) -> int | None:
    """Find the length of the context under its many names."""
    details = entry.get("meta")  # of llama.cpp
    places = [entry, details] if isinstance(details, Mapping) else [entry]
    values = [place.get(key) for place in places for key in (*_CONTEXT_KEYS, "n_ctx_train")]
    return next((value for value in values if isinstance(value, int) and value > 0), None)
