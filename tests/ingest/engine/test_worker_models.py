"""The models of the workers: those of the settings, without secrets that they do not need."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ingest.engine.worker_models import (
    find_place,
    open_worker_model,
    open_worker_tokenizer,
    restrict_settings,
)
from rag_core.models.minilm import MiniLM
from rag_core.settings import RagSettings


def test_secrets_that_workers_do_not_need_stay_here():
    settings = RagSettings(
        openai_api_key="llm-secret",
        milvus_token="milvus-secret",
        rerank_api_key="rerank-secret",
        embedding_api_key="needed",
        embedding_url="http://127.0.0.1:9",
        milvus_uri="http://root:uri-secret@milvus:19530",
        openai_base_url="http://user:llm-secret@llm/v1",
        rerank_url="http://user:rerank-secret@rerank",
    )
    sent = pickle.dumps(restrict_settings(settings))
    assert b"-secret" not in sent
    assert b"needed" in sent


def test_a_worker_reads_no_settings_of_its_own_machine(monkeypatch: pytest.MonkeyPatch):
    settings = RagSettings(profile="starter", embedding_max_tokens=100)
    monkeypatch.setenv("DOCENT_EMBEDDING_DIM", "7")
    monkeypatch.setenv("DOCENT_EMBEDDING_URL", "http://elsewhere")
    sent = pickle.loads(pickle.dumps(restrict_settings(settings)))
    assert (sent.embedding_dim, sent.embedding_url) == (None, None)
    assert sent.embedding_max_tokens == 100


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"profile": "starter"}, "cpu"),
        ({"profile": "qwen3"}, "gpu"),
        ({"profile": "qwen3", "device": "cpu"}, "cpu"),
        ({"profile": "starter", "embedding_url": "http://127.0.0.1:9"}, "server"),
    ],
)
def test_the_model_computes_where_the_settings_say(settings: dict, place: str):
    assert find_place(RagSettings(**settings)) == place


@pytest.mark.parametrize(
    ("device", "sent"), [(None, None), ("cpu", "cpu"), ("cuda", "cuda"), ("cuda:3", "cuda")]
)
def test_a_worker_uses_the_gpu_that_ray_gives_it(device: str | None, sent: str | None):
    assert restrict_settings(RagSettings(device=device)).device == sent


def test_a_worker_has_one_thread_unless_the_settings_say_more():
    assert restrict_settings(RagSettings()).threads == 1
    assert restrict_settings(RagSettings(threads=4)).threads == 4


def test_a_worker_has_the_model_of_the_settings():
    settings = restrict_settings(RagSettings(profile="starter"))
    model, texts = open_worker_model(settings), ["A text.", "Another text."]
    assert np.allclose(model.embed_passages(texts), MiniLM().embed_passages(texts), atol=1e-6)
    assert open_worker_tokenizer(settings).count_tokens(texts) == model.count_tokens(texts)
