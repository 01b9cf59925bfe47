from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from rag_core.errors import SettingsError
from rag_core.settings import RagSettings

# Every field with its variable, a value other than the default, and what is read from it.
FIELDS = {
    "profile": ("DOCENT_PROFILE", "starter", "starter"),
    "embedding_model": ("DOCENT_EMBEDDING_MODEL", "org/embedder", "org/embedder"),
    "reranker_model": ("DOCENT_RERANKER_MODEL", "org/reranker", "org/reranker"),
    "embedding_revision": ("DOCENT_EMBEDDING_REVISION", "v1.0", "v1.0"),
    "reranker_revision": ("DOCENT_RERANKER_REVISION", "e61197e", "e61197e"),
    "embedding_dim": ("DOCENT_EMBEDDING_DIM", "256", 256),
    "embedding_max_tokens": ("DOCENT_EMBEDDING_MAX_TOKENS", "512", 512),
    "embedding_url": ("DOCENT_EMBEDDING_URL", "http://tei", "http://tei"),
    "embedding_api_key": ("DOCENT_EMBEDDING_API_KEY", "key-1", SecretStr("key-1")),
    "query_instruction": ("DOCENT_QUERY_INSTRUCTION", "Find code", "Find code"),
    "rerank_url": ("DOCENT_RERANK_URL", "http://vllm/v1", "http://vllm/v1"),
    "rerank_api_key": ("DOCENT_RERANK_API_KEY", "key-2", SecretStr("key-2")),
    "rerank_budget_ms": ("DOCENT_RERANK_BUDGET_MS", "1500", 1500),
    "rerank_instruction": ("DOCENT_RERANK_INSTRUCTION", "Find code", "Find code"),
    "device": ("DOCENT_DEVICE", "cuda:1", "cuda:1"),
    "dtype": ("DOCENT_DTYPE", "bfloat16", "bfloat16"),
    "threads": ("DOCENT_THREADS", "4", 4),
    "max_questions": ("DOCENT_MAX_QUESTIONS", "8", 8),
    "abstention": ("DOCENT_ABSTENTION", "off", "off"),
    "milvus_uri": ("DOCENT_MILVUS_URI", "http://milvus:19530", "http://milvus:19530"),
    "milvus_token": ("DOCENT_MILVUS_TOKEN", "root:Milvus", SecretStr("root:Milvus")),
    "collection": ("DOCENT_COLLECTION", "handbook_2", "handbook_2"),
    "openai_api_key": ("OPENAI_API_KEY", "sk-1", SecretStr("sk-1")),
    "openai_base_url": ("OPENAI_BASE_URL", "http://llm/v1", "http://llm/v1"),
    "llm_model": ("DOCENT_LLM_MODEL", "gpt-5", "gpt-5"),
    "llm_options": ("DOCENT_LLM_OPTIONS", '{"seed":1}', '{"seed":1}'),
    "rewrite_model": ("DOCENT_REWRITE_MODEL", "quick", "quick"),
    "rewrite_options": ("DOCENT_REWRITE_OPTIONS", '{"seed":2}', '{"seed":2}'),
    "llm_images": ("DOCENT_LLM_IMAGES", "true", True),
    "answer_seconds": ("DOCENT_ANSWER_SECONDS", "45", 45),
    "answer_characters": ("DOCENT_ANSWER_CHARACTERS", "5000", 5000),
    "instructions": ("DOCENT_INSTRUCTIONS", "Be brief.", "Be brief."),
    "glossary": ("DOCENT_GLOSSARY", "~/words.txt", Path("~/words.txt")),
}


def test_the_table_above_is_complete():
    assert set(FIELDS) == set(RagSettings.model_fields)


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_read_from_its_variable(monkeypatch, field):
    variable, text, value = FIELDS[field]
    assert getattr(RagSettings.load(), field) != value
    monkeypatch.setenv(variable, text)
    assert getattr(RagSettings.load(), field) == value
    assert RagSettings.get_variable_name(field) == variable


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_read_from_the_env_file(field):
    variable, text, value = FIELDS[field]
    Path(".env").write_text(f"{variable}={text}\nUNKNOWN=1\n")
    assert getattr(RagSettings.load(), field) == value


@pytest.mark.parametrize("field", FIELDS)
def test_an_empty_variable_is_unset(monkeypatch, field):
    default = getattr(RagSettings.load(), field)
    monkeypatch.setenv(FIELDS[field][0], "")
    assert getattr(RagSettings.load(), field) == default


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_described_and_can_be_given_by_name(field):
    value = FIELDS[field][2]
    assert RagSettings.model_fields[field].description
    assert getattr(RagSettings.load(**{field: value}), field) == value


def test_the_environment_goes_before_the_env_file(monkeypatch):
    Path(".env").write_text("DOCENT_LLM_MODEL=from-file\n")
    monkeypatch.setenv("DOCENT_LLM_MODEL", "from-environment")
    assert RagSettings.load().llm_model == "from-environment"


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("DOCENT_MILVUS_TOKEN", "tok-secret")
    settings = RagSettings.load()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "secret" not in shown
    assert settings.openai_api_key.get_secret_value() == "sk-secret"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DOCENT_PROFILE", "gwen3"), ("DOCENT_COLLECTION", "2 words"), ("DOCENT_COLLECTION", "a-b")],
)
def test_a_wrong_value_names_the_variable_in_one_sentence(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"^{variable} is not valid: [^\n]+\.$") as caught:
        RagSettings.load()
    assert isinstance(caught.value.__cause__, ValidationError)


def test_a_wrong_value_of_an_aliased_field_names_its_variable():
    with pytest.raises(SettingsError, match=r"^OPENAI_BASE_URL is not valid"):
        RagSettings.load(openai_base_url=7)


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        RagSettings.load().profile = "starter"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("data/milvus.db", Path("data/milvus.db")),
        ("~/milvus.db", Path.home() / "milvus.db"),
        ("http://127.0.0.1:19530", None),
        ("https://in03.zillizcloud.example", None),
    ],
)
def test_milvus_path(uri, path):
    assert RagSettings.load(milvus_uri=uri).milvus_path == path


def test_a_file_in_another_encoding_is_one_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("DOCENT_PROFILE=starter\n", encoding="utf-16")
    with pytest.raises(
        SettingsError, match=r"^The file \.env is not in UTF-8: save it as UTF-8\.$"
    ):
        RagSettings.load()
