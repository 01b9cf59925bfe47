"""Each way in which an LLM's server fails has a kind that can be counted."""

from __future__ import annotations

import pytest

from rag_core.errors import GenerationError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.generation.llm.completion import ServerFault, read_fault
from rag_core.generation.llm.faults import explain_fault, is_unknown_model, name_fault
from rag_core.generation.llm.request_form import RequestForm
from rag_core.generation.llm.role import LLMRole
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


UNKNOWN = [
    # OpenAI, Groq, OpenRouter, Mistral, Azure, Ollama, vLLM
    (404, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}),
    (400, {"error": {"message": "`x` has been decommissioned", "code": "model_decommissioned"}}),
    (400, {"error": {"message": "x is not a valid model ID", "code": 400}}),
    (400, {"object": "error", "message": "Invalid model: x", "type": "invalid_model"}),
    (410, {"error": {"code": "ModelDeprecated", "message": "The model is deprecated"}}),
    (404, {"error": {"message": 'model "x" not found, try pulling it first'}}),
    (400, {"error": {"message": "The model gpt-4o has been shut down; it is no longer served"}}),
    (400, {"error": {"message": "The model llama-3.2-vision does not exist"}}),
]


@pytest.mark.parametrize(("status", "body"), UNKNOWN)
def test_an_unknown_model_is_told_with_its_setting(status: int, body: object):
    fault = read_fault(body, status=status)
    assert is_unknown_model(fault)
    assert RequestForm(has_images=True).drop_refused(fault) is None
    for role in (LLMRole("x"), LLMRole("x", "DOCENT_REWRITE_MODEL", "rewriter")):
        assert explain_fault(fault, role).startswith(f"it does not know {role.variable}=x (HTTP ")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model does not support images"),
        (400, "This model's maximum context length is 8192 tokens"),
        (403, "The project does not have access to model x"),
        (500, "The model x is not found"),
        (400, "Unsupported parameter: 'max_tokens' is not supported with this model."),
    ],
)
def test_another_fault_is_no_unknown_model(status: int, message: str):
    assert not is_unknown_model(read_fault(message, status=status))


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
