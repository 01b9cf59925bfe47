from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from rag_core.models.snapshot import list_broken_files, list_modules
from tests.rag_core.checkpoints import make_embedder

WEIGHTS = save({"a": torch.ones(4, 4), "b": torch.zeros(2)})


@pytest.fixture
def folder(tmp_path) -> Path:
    """A checkpoint of two shards."""
    (tmp_path / "config.json").write_text('{"model_type": "bert"}\n')
    for number in (1, 2):
        save_file({f"w{number}": torch.ones(3)}, tmp_path / f"model-{number}.safetensors")
    index = {"weight_map": {"w1": "model-1.safetensors", "w2": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    return tmp_path


def test_a_whole_checkpoint_lacks_nothing(folder, tmp_path_factory):
    assert list_broken_files(folder) == []
    assert list_broken_files(make_embedder(tmp_path_factory.mktemp("embedder"))) == []


def test_missing_shards_and_links_to_nothing(folder):
    for number in (1, 2):
        (folder / f"model-{number}.safetensors").unlink()
    (folder / "model-2.safetensors").symlink_to(folder / "blobs" / "gone")
    assert list_broken_files(folder) == ["model-1.safetensors", "model-2.safetensors"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"weight_map": {"w1": '])
def test_an_index_that_is_cut_off(folder, content):
    (folder / "model.safetensors.index.json").write_bytes(content)
    assert list_broken_files(folder) == ["model.safetensors.index.json"]


@given(kept=st.integers(0, len(WEIGHTS) - 1))
def test_weights_that_are_cut_off_anywhere(tmp_path_factory, kept):
    folder = tmp_path_factory.mktemp("cut")
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(WEIGHTS[:kept])
    assert list_broken_files(folder) == ["model.safetensors"]
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    assert list_broken_files(folder) == []


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "modules.json"])
@pytest.mark.parametrize("content", [b"", b'{"a": [1', b'{"a": "}'])
def test_settings_that_are_cut_off(folder, name, content):
    (folder / name).write_bytes(content)
    assert list_broken_files(folder) == [name]


def test_archives_of_torch(folder):
    for file in folder.glob("model*"):
        file.unlink()
    path = folder / "pytorch_model.bin"
    torch.save({"a": torch.ones(100)}, path)
    assert list_broken_files(folder) == []
    path.write_bytes(path.read_bytes()[:-40])
    assert list_broken_files(folder) == ["pytorch_model.bin"]


def test_no_weights_at_all(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert list_broken_files(tmp_path) == ["model.safetensors"]
    assert list_broken_files(tmp_path / "nowhere") == ["config.json", "model.safetensors"]


def test_the_modules_of_sentence_transformers(folder):
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Dense": "2_Dense", "Normalize": "3_N"}
    modules = [{"type": f"sentence_transformers.models.{k}", "path": p} for k, p in kinds.items()]
    (folder / "modules.json").write_text(json.dumps(modules))
    assert list_modules(folder) == list(kinds.items())
    lacking = ["1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors"]
    assert list_broken_files(folder) == lacking
    for name in lacking:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(WEIGHTS if name.endswith("safetensors") else b"{}")
    assert list_broken_files(folder) == []


def test_modules_without_a_transformer_at_the_top(tmp_path):
    modules = [{"type": "m.Transformer", "path": "0_Transformer"}, {"type": "m.Own", "path": "1"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "0_Transformer").mkdir()
    (tmp_path / "0_Transformer" / "config.json").write_text("{}")
    (tmp_path / "0_Transformer" / "model.safetensors").write_bytes(WEIGHTS)
    assert list_broken_files(tmp_path) == []
