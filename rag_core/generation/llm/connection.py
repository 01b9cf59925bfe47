"""The connection to the LLM's server: the SDK's client, and the models that the server names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag_core.interruption import make_interruptible
from rag_core.request_id import HEADER, REQUEST_ID
from rag_core.settings import RagSettings

if TYPE_CHECKING:
    from openai import OpenAI

_LIST_SECONDS = 15.0
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that the server names.

    Attributes:
        name: its name.
        ends: the day on which its maker switches it off, as YYYY-MM-DD; '' if none is known.
    """

    name: str
    ends: str = ""


def open_client(settings: RagSettings) -> OpenAI:
    """Build the SDK's client, without a request."""
    from rag_core.generation.llm.event_decoder import CompletionClient

    key = settings.openai_api_key
    client = CompletionClient(
        # A local server needs no key, but the SDK does.
        api_key=key.get_secret_value() if key else "none",
        # Given here, because the SDK would take an empty OPENAI_BASE_URL for the address.
        base_url=settings.openai_base_url or "https://api.openai.com/v1",
        max_retries=0,
    )
    make_interruptible(vars(client)["_client"])
    return client


def build_headers() -> dict[str, str]:
    """Build the headers that belong to the question at work."""
    request_id = REQUEST_ID.get()
    return {HEADER: request_id} if request_id else {}


def fetch_models(client: OpenAI) -> list[ServedModel]:
    """Fetch the models of the server; none if it sends no list.

    Raises:
        openai.OpenAIError, TimeoutError, ValueError: the server does not list them.
    """
    options: Any = {"timeout": _LIST_SECONDS}
    body: Any = client.get("/models", cast_to=object, options=options)
    # Ollama and others have `data`, some gateways `models`, and some a bare list.
    listed = body.get("data") or body.get("models") if isinstance(body, dict) else body
    entries = listed if isinstance(listed, list) else []
    models = {found.name: found for found in map(_read_model, entries) if found.name}
    return [models[name] for name in sorted(models)]


def _read_model(entry: Any) -> ServedModel:
    if not isinstance(entry, dict):
        return ServedModel(entry if isinstance(entry, str) else "")
    ends = str(entry.get("shutdown_date") or "")
    name = entry.get("id") or entry.get("name")
    return ServedModel(str(name or ""), ends if _DATE.fullmatch(ends) else "")
