"""Each way in which an LLM's server fails has a kind that can be counted."""

from __future__ import annotations

import pytest

from rag_core.errors import GenerationError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.generation.llm.completion import ServerFault
from rag_core.generation.llm.faults import name_fault
from rag_core.outages import Outages
from rag_core.settings import RagSettings
from rag_core.types import Turn
from tests.servers.openai import OpenAIServer


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ServerFault(401), "401"),
        (ServerFault(429, "slow down"), "429"),
        (ServerFault(503), "503"),
        (ServerFault(408), "timeout"),
        (ServerFault(), "unreachable"),
        (ServerFault(None, "out of memory"), "broken_off"),
    ],
)
def test_a_fault_has_a_kind(fault: ServerFault, kind: str):
    assert name_fault(fault) == kind


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_refused_call_is_counted_by_its_status(openai_server: OpenAIServer, status: int):
    failures: list[tuple[str, str]] = []
    outages = Outages()
    outages.subscribe_to_failures(lambda service, kind: failures.append((service, kind)))
    settings = RagSettings(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )
    openai_server.fail(status, times=2)  # a 500 is tried again
    with pytest.raises(GenerationError):
        list(OpenAIGenerator(settings, outages).generate("", [Turn("user", "?")]))
    assert failures == [("llm", str(status))]
