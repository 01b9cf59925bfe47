from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag_core.errors import ModelError
from rag_core.models.admission import check_files

OF_THE_LIBRARY = [
    "sentence_transformers.models.Transformer",
    "sentence_transformers.models.Dense.Dense",
    "sentence_transformers.models.tokenizer.WhitespaceTokenizer.WhitespaceTokenizer",
    "sentence_transformers.base.modules.transformer.Transformer",
    "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "sentence_transformers.cross_encoder.modules.logit_score.LogitScore",
    "sentence_transformers.sparse_encoder.modules.mlm_transformer.MLMTransformer",
]
OF_OTHERS = [
    "",
    "evil.Evil",
    "os.system",
    "sentence_transformers.base.model.pickle",
    "sentence_transformers.base.modules.module.torch",
    "sentence_transformers.util.import_from_string",
    "sentence_transformers.models.Transformer.__init__",
    "sentence_transformers_of_mine.models.Transformer",
]


def name_module(folder: Path, type_name: str) -> None:
    (folder / "modules.json").write_text(json.dumps([{"type": type_name, "path": ""}]))


@pytest.mark.parametrize("type_name", OF_THE_LIBRARY)
def test_classes_of_the_library_are_let_in(tmp_path, type_name):
    name_module(tmp_path, type_name)
    check_files("m", tmp_path)


@pytest.mark.parametrize("place", ["1_Router/document", "1_Router/a/b/c"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("pytorch_model.bin", "x"), ("config.json", '{"types": {"a": "evil.Evil"}}')],
)
def test_folders_inside_a_module_are_looked_at(tmp_path, place, name, content):
    types = [{"type": "sentence_transformers.models.Router", "path": "1_Router"}]
    (tmp_path / "modules.json").write_text(json.dumps(types))
    (tmp_path / place).mkdir(parents=True)
    check_files("m", tmp_path)
    (tmp_path / place / name).write_text(content)
    with pytest.raises(ModelError):
        check_files("m", tmp_path)


@pytest.mark.parametrize("type_name", OF_OTHERS)
def test_other_classes_are_not(tmp_path, type_name):
    name_module(tmp_path, type_name)
    with pytest.raises(ModelError, match="asks for code"):
        check_files("m", tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"activation_function": "torch.nn.modules.activation.Tanh"},
        {"activation_function": "torch.nn.Identity"},
        {"activation_function": "gelu"},  # of transformers
        {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"},
        {"tokenizer_class": "BertTokenizer", "auto_map": {"AutoModel": "a--b.C"}},
        {"model_kwargs": {"attn_implementation": "sdpa"}, "processor_kwargs": {"padding": "left"}},
        {"hidden_size": 8, "vocab_size": 100, "num_hidden_layers": None},
    ],
)
def test_usual_settings_are_let_in(tmp_path, settings):
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "model.safetensors").write_bytes(b"0" * 100)
    check_files("m", tmp_path)


def test_a_long_name_is_cut_and_stays_on_a_line(tmp_path):
    name_module(tmp_path, "evil\n" * 200)
    with pytest.raises(ModelError) as caught:
        check_files("m", tmp_path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("settings", ["{}", '{"base_model_name_or_path": "org/base"}'])
def test_an_adapter_is_refused(tmp_path, settings):
    (tmp_path / "adapter_config.json").write_text(settings)
    with pytest.raises(ModelError, match="is an adapter of another model"):
        check_files("m", tmp_path)
