from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from rag_core.errors import ModelError
from rag_core.models.snapshot import list_broken_files, list_modules, read_json
from tests.rag_core.checkpoints import make_embedder

STRINGS = ("a.bin", "b")
JSON = st.recursive(
    st.none() | st.integers() | st.floats() | st.sampled_from(STRINGS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("type", "path", "weight_map", "w", "data_offsets")), inner, max_size=3
        )
    ),
    max_leaves=8,
)
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


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b'{"weight_map": {"w1": ', b"{}", b"[]", b"null", b'"weight_map"'),
        *(b'{"weight_map": null}', b'{"weight_map": ["a"]}', b'{"weight_map": {"w1": 1}}'),
        *(b'{"weight_map": {"w1": ["a"]}}', b"[" * 100_000),
    ],
)
def test_an_index_that_is_damaged(folder, content):
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
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b'{"a": [1', b'{"a": "}', b"null", b"1", b'"a"', b"[1]", b"[" * 100_000),
        *("{}".encode("utf-16"), "{}".encode("utf-8-sig"), b'{"a": "\xff"}'),
    ],
)
def test_settings_that_are_damaged(folder, name, content):
    (folder / name).write_bytes(content)
    assert list_broken_files(folder) == [name]
    with pytest.raises(ModelError, match=f"{name} is damaged: download"):
        list_modules(folder) if name == "modules.json" else read_json(folder, name)


@pytest.mark.parametrize(
    "content",
    ["{}", '{"a": 1}', '["a"]', "[{}]", '[{"type": 1}]', '[{"type": "a.B", "path": 1}]'],
)
def test_modules_of_another_shape(folder, content):
    (folder / "modules.json").write_text(content)
    assert list_broken_files(folder) == ["modules.json"]


@given(content=JSON)
@pytest.mark.parametrize("name", ["config.json", "modules.json", "model.safetensors.index.json"])
def test_no_json_breaks_the_check(tmp_path_factory, name, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / "config.json").write_text("{}")
    (folder / name).write_text(json.dumps(content))
    assert set(list_broken_files(folder)) <= {name, "model.safetensors", *map(str, STRINGS)}


@given(header=JSON)
def test_no_header_of_weights_breaks_the_check(tmp_path_factory, header):
    folder = tmp_path_factory.mktemp("any")
    (folder / "config.json").write_text("{}")
    raw = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw)
    assert list_broken_files(folder) in ([], ["model.safetensors"])


@pytest.mark.parametrize("offsets", [["0", "64"], [0, "64"], [0, None], "064", {"0": 1}, [0]])
def test_weights_with_other_offsets(folder, offsets):
    raw = json.dumps({"a": {"data_offsets": offsets}, "b": {"data_offsets": [0, 8]}}).encode()
    (folder / "model-1.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw)
    assert list_broken_files(folder) == ["model-1.safetensors"]


def test_an_adapter_belongs_to_a_model_elsewhere(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    assert list_broken_files(tmp_path) == ["adapter_model.safetensors"]
    (tmp_path / "adapter_model.safetensors").write_bytes(WEIGHTS[:-1])
    assert list_broken_files(tmp_path) == ["adapter_model.safetensors"]
    (tmp_path / "adapter_model.safetensors").write_bytes(WEIGHTS)
    assert list_broken_files(tmp_path) == []
    (tmp_path / "adapter_config.json").write_text('{"base')
    assert list_broken_files(tmp_path) == ["adapter_config.json"]


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
