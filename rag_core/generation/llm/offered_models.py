"""The models that the LLM's server offers, as `GET /v1/models` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag_core.errors import LLMUnavailableError
from rag_core.generation.llm.faults import explain_fault, read_error
from rag_core.settings import RagSettings

_SECONDS = 10.0
_NO_LIST = {404, 405, 501}
_CONTEXT_KEYS = ("max_model_len", "context_length", "context_window", "max_context_length")


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model of the server.

    Attributes:
        name: the value of `DOCENT_LLM_MODEL` for it.
        context_tokens: tokens that it reads and writes at most; None if the server does not say.
    """

    name: str
    context_tokens: int | None = None


def fetch_offered_models(settings: RagSettings) -> tuple[OfferedModel, ...] | None:
    """Ask the server of the LLM for its models.

    Returns:
        The models by name; None if the server has no such list.

    Raises:
        LLMUnavailableError: the server refuses the key or can't be reached.
    """
    import openai

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    client = openai.OpenAI(
        api_key=key or "none",
        base_url=settings.openai_base_url or "https://api.openai.com/v1",
        max_retries=0,
        timeout=_SECONDS,
    )
    try:
        with client:
            answer: object = client.get("/models", cast_to=object)
    except (openai.OpenAIError, TimeoutError, ValueError, RecursionError) as error:
        fault = read_error(error)
        if fault.status in _NO_LIST:
            return None
        reason = explain_fault(fault, settings.llm_model)
        if key:
            reason = reason.replace(key, "…")
        raise LLMUnavailableError(f"The LLM's server lists no models: {reason}.") from error
    return parse_offered_models(answer)


def parse_offered_models(answer: object) -> tuple[OfferedModel, ...] | None:
    """Parse the list of a server; return None if it is none.

    Servers add fields of their own: the length of the context has a name in each of them.
    """
    entries = answer.get("data", answer.get("models")) if isinstance(answer, Mapping) else answer
    if not isinstance(entries, list):
        return None
    models = {
        name: OfferedModel(name, _find_context(entry))
        for entry in entries
        if isinstance(entry, Mapping) and (name := str(entry.get("id") or entry.get("name") or ""))
    }
    return tuple(models[name] for name in sorted(models))


def _find_context(entry: Mapping[str, Any]) -> int | None:
    details = entry.get("meta")  # of llama.cpp
    places = [entry, details] if isinstance(details, Mapping) else [entry]
    values = [place.get(key) for place in places for key in (*_CONTEXT_KEYS, "n_ctx_train")]
    return next((value for value in values if isinstance(value, int) and value > 0), None)
