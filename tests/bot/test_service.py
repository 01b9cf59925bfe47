"""The services that can fail beside docent are those of its settings."""

from __future__ import annotations

import pytest

from bot.service import list_services
from rag_core.settings import DEFAULT_LLM, RagSettings


@pytest.mark.parametrize(
    ("settings", "services"),
    [
        ({}, {"milvus"}),
        ({"openai_api_key": "key"}, {"milvus", "llm"}),
        ({"openai_base_url": "http://llm/v1"}, {"milvus", "llm"}),
        ({"openai_api_key": "key", "rewrite_model": "quick"}, {"milvus", "llm", "rewriter"}),
        ({"openai_api_key": "key", "rewrite_model": DEFAULT_LLM}, {"milvus", "llm"}),
        ({"rewrite_model": "quick"}, {"milvus"}),
        ({"embedding_url": "http://models"}, {"milvus", "embedder"}),
        ({"rerank_url": "http://models"}, {"milvus", "reranker"}),
    ],
)
def test_a_service_is_one_that_is_set(settings: dict[str, str], services: set[str]):
    assert set(list_services(RagSettings.load(**settings))) == services
