from __future__ import annotations

import json

import pytest

from rag_core.models.qwen3_checkpoint import is_qwen3_embedding, is_qwen3_reranker
from tests.rag_core.checkpoints import make_embedder

PROMPT = "Instruct: Find it\nQuery:"
TASK = "Find it"


def write(folder, name, content):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content))


def plain(
    folder,
    *,
    prompts=None,
    modules=("Transformer", "Pooling", "Normalize"),
    pooling=None,
    package="sentence_transformers.models",
):
    write(folder, "config.json", {"model_type": "qwen3"})
    listed = [
        {"type": f"{package}.{kind}", "path": f"1_{kind}" if i else ""}
        for i, kind in enumerate(modules)
    ]
    write(folder, "modules.json", listed)
    write(folder, "1_Pooling/config.json", pooling or {"pooling_mode_lasttoken": True})
    settings = {"prompts": {"query": PROMPT, "document": ""} if prompts is None else prompts}
    write(folder, "config_sentence_transformers.json", settings)
    return folder


def test_what_the_library_writes_is_known(tmp_path):
    prompt = json.loads((make_embedder(tmp_path) / "config_sentence_transformers.json").read_text())
    assert is_qwen3_embedding(tmp_path, prompt["prompts"]["query"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"modules": ("Transformer", "Pooling")},
        {"package": "sentence_transformers.base.modules.transformer"},
        {"pooling": {"pooling_mode": "lasttoken", "embedding_dimension": 32}},
        {"pooling": {"pooling_mode_lasttoken": True, "include_prompt": True}},
        {"prompts": {"query": PROMPT, "web": "Web: "}},
    ],
)
def test_the_published_form(tmp_path, changes):
    assert is_qwen3_embedding(plain(tmp_path, **changes), PROMPT)


@pytest.mark.parametrize(
    "changes",
    [
        {"modules": ("Transformer", "Pooling", "Dense", "Normalize")},
        {"modules": ("Transformer", "Dense", "Pooling")},
        {"package": "custom_st"},
        {"package": "my.sentence_transformers"},
        {"package": "sentence_transformers_of_mine.models"},
        {"modules": ("Transformer", "Pooling", "LayerNorm")},
        {"pooling": {"pooling_mode_mean_tokens": True}},
        {"pooling": {"pooling_mode": "mean"}},
        {"pooling": {"pooling_mode_lasttoken": True, "include_prompt": False}},
        {"prompts": {}},
        {"prompts": {"query": "Ask: "}},
        {"prompts": {"query": PROMPT + " "}},
        {"prompts": {"query": PROMPT, "document": "Text: "}},
        {"prompts": {"query": PROMPT, "passage": "Text: "}},
    ],
)
def test_another_form(tmp_path, changes):
    assert not is_qwen3_embedding(plain(tmp_path, **changes), PROMPT)


def test_a_folder_without_settings_is_taken_as_published(tmp_path):
    write(tmp_path, "config.json", {"model_type": "qwen3"})
    assert is_qwen3_embedding(tmp_path, PROMPT)
    write(tmp_path, "config.json", {"model_type": "bert"})
    assert not is_qwen3_embedding(tmp_path, PROMPT)


@pytest.mark.parametrize(
    ("prompts", "default", "expected"),
    [
        ({}, None, True),
        ({"web": TASK}, "web", True),
        ({"web": "Find code"}, "web", False),
        ({"web": "Find code"}, None, True),
    ],
)
def test_a_reranker_with_a_prompt_of_its_own_is_another(tmp_path, prompts, default, expected):
    config = {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"]}
    write(tmp_path, "config.json", config)
    settings = {"prompts": prompts, "default_prompt_name": default}
    write(tmp_path, "config_sentence_transformers.json", settings)
    assert is_qwen3_reranker(tmp_path, TASK) is expected
    write(tmp_path, "config.json", config | {"architectures": ["Qwen3ForSequenceClassification"]})
    assert not is_qwen3_reranker(tmp_path, TASK)
