"""The connection to the LLM's server: the SDK's client, and the headers of a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag_core.interruption import make_interruptible
from rag_core.request_id import HEADER, REQUEST_ID
from rag_core.settings import RagSettings

if TYPE_CHECKING:
    from openai import OpenAI

OPENAI_URL = "https://api.openai.com/v1"
"""The server of the LLM if no other is set."""


def open_client(settings: RagSettings) -> OpenAI:
    """Build the SDK's client, without a request."""
    from rag_core.generation.llm.event_decoder import CompletionClient

    key = settings.openai_api_key
    client = CompletionClient(
        # A local server needs no key, but the SDK does.
        api_key=key.get_secret_value() if key else "none",
        # Given here, because the SDK would take an empty OPENAI_BASE_URL for the address.
        base_url=settings.openai_base_url or OPENAI_URL,
        max_retries=0,
    )
    make_interruptible(vars(client)["_client"])
    return client


def build_headers() -> dict[str, str]:
    """Build the headers that belong to the question at work."""
    request_id = REQUEST_ID.get()
    return {HEADER: request_id} if request_id else {}
