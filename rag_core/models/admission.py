"""Admission of a model's files: whole, weights only as safetensors, and no code that comes along.

A pickle runs what its author wrote, and so does a class that a model's settings name. The libraries
refuse some of it and load the rest, so this looks at the files before they do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rag_core.errors import ModelError
from rag_core.models.snapshot import list_module_types, read_json

PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.pickle", "*.ckpt", "*.joblib")
"""Names of files that can hold pickles."""

LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""Arguments of every loader: no other files than those that were checked, and no code in them."""

_INDEXES = ("model.safetensors.index.json", "adapter_model.safetensors.index.json")
_WEIGHTS = ("model.safetensors", "adapter_model.safetensors")
_LIBRARY_CLASS = re.compile(
    r"sentence_transformers(\.\w+)*\.(models|modules)(\.\w+)*\."
    r"(Asym|BoW|CLIPModel|CNN|Dense|Dropout|LayerNorm|LogitScore|LSTM|MLMTransformer|Normalize"
    r"|Pooling|Router|StaticEmbedding|Transformer|WeightedLayerPooling|WordEmbeddings|WordWeights"
    r"|PhraseTokenizer|TransformersTokenizerWrapper|WhitespaceTokenizer)"
)
"""Classes that sentence-transformers may load; its other names lead to any module it imports."""

_TORCH_CLASS = re.compile(r"torch\.nn\.(modules\.[a-z_]+\.)?[A-Z][A-Za-z0-9]*")
_CLASS_SETTINGS = {"activation_fn", "activation_function", "sbert_ce_default_activation_function"}
_IMPLEMENTATIONS = ("attn_implementation", "experts_implementation")
_KWARGS = re.compile(r"(model|tokenizer|processor|config)_(args|kwargs)")
_ELSEWHERE = {
    "adapter_kwargs",
    "cache_dir",
    "code_revision",
    "gguf_file",
    "pretrained_model_name_or_path",
    "revision",
    "state_dict",
    "subfolder",
    "use_safetensors",
    "weights_only",
}
"""Arguments of the loaders that would read other files than these, or pickles."""

_SIZES = {
    "head_dim",
    "intermediate_size",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "type_vocab_size",
    "vocab_size",
}
_NUMBERS_PER_BYTE = 16


def check_files(model: str, folder: Path) -> None:
    """Refuse a model that needs pickles or code of its own.

    Raises:
        ModelError: naming what docent does not read, or does not run.
    """
    folders = [folder]
    for type_name, path in list_module_types(folder):
        _check_class(model, type_name)
        module = _join(model, folder, path)
        folders.append(module)
        if path:  # a router has modules of its own inside
            folders += [each for each in module.rglob("*") if each.is_dir()]
    for each in folders:
        _refuse_adapter(model, each)
        _refuse_other_tokenizer(model, each)
        for file in sorted(each.glob("*.json")):
            if file.name not in {"tokenizer.json", "vocab.json"} and "index" not in file.name:
                _check_settings(model, file)
        _check_weights(model, each)
    _check_sizes(model, folder)


def _refuse_adapter(model: str, folder: Path) -> None:
    """Refuse an adapter.

    The libraries would load its base model by name: at any revision, and unchecked.
    """
    settings = read_json(folder, "adapter_config.json")
    if (folder / "adapter_config.json").exists():
        base = " ".join(str(settings.get("base_model_name_or_path")).split())[:100]
        raise ModelError(
            f"The model {model} is an adapter of another model ({base}), which docent can neither "
            "pin nor check: merge the two into one model, or choose another."
        )


def _refuse_other_tokenizer(model: str, folder: Path) -> None:
    """Refuse settings of sentence-transformers that take the tokenizer from another model."""
    for path in folder.glob("sentence_*.json"):
        if name := read_json(folder, path.name).get("tokenizer_name_or_path"):
            raise _build_place_error(model, str(name))


def _check_settings(model: str, path: Path) -> None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the loader of the file says so
        return
    for key, value in _walk(content):
        if key in _CLASS_SETTINGS and isinstance(value, str) and "." in value:
            _require(_TORCH_CLASS.fullmatch(value), model, value)
        elif key == "tokenizer_class" and isinstance(value, str) and "." in value:
            _check_class(model, value)
        elif key == "types" and isinstance(value, dict):  # of a router
            for type_name in value.values():
                _check_class(model, str(type_name))
            for part in value:
                _join(model, path.parent, part)
        elif key.endswith(_IMPLEMENTATIONS):
            _require("/" not in str(value), model, str(value))
        elif _KWARGS.fullmatch(key) and isinstance(value, dict):
            other = sorted(_ELSEWHERE & value.keys())
            _require(not other, model, ", ".join(other))


def _check_class(model: str, type_name: str) -> None:
    _require(_LIBRARY_CLASS.fullmatch(type_name), model, type_name)


def _require(is_allowed: object, model: str, name: str) -> None:
    if not is_allowed:
        raise build_code_error(model, name)


def build_code_error(model: str, name: str) -> ModelError:
    """Build the error of a model with its own code."""
    return ModelError(
        f"The model {model} asks for code that is not part of docent's libraries "
        f"({' '.join(name.split())[:100]}), and docent never runs a model's own code: "
        "choose another model, or serve it elsewhere."
    )


def _join(model: str, folder: Path, path: str) -> Path:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path:
        raise _build_place_error(model, path)
    return folder / path


def _check_weights(model: str, folder: Path) -> None:
    """Refuse weights that are not safetensors, or that lie elsewhere."""
    for index in _INDEXES:
        weights = read_json(folder, index).get("weight_map") or {}
        for name in sorted(set(map(str, weights.values()))):
            if PurePosixPath(name).name != name or "\\" in name:
                raise _build_place_error(model, name)
            if not name.endswith(".safetensors"):
                raise build_pickle_error(model, name)
    names = [path.name for pattern in PICKLES for path in folder.glob(pattern)]
    if names and not any((folder / name).is_file() for name in (*_WEIGHTS, *_INDEXES)):
        raise build_pickle_error(model, min(names))


def build_pickle_error(model: str, name: str) -> ModelError:
    """Build the error of a model without safetensors."""
    return ModelError(
        f"The model {model} has its weights in {' '.join(name.split())[:100]} and not as "
        "safetensors, and docent reads no pickles, because they can run code: "
        "choose a model or a revision with safetensors, or convert it."
    )


def _build_place_error(model: str, path: str) -> ModelError:
    return ModelError(
        f"The model {model} names a file outside of its folder ({' '.join(path.split())[:100]}), "
        "which docent does not read: choose another model."
    )


def _check_sizes(model: str, folder: Path) -> None:
    """Refuse sizes that the weights can't have.

    A model of such a size would fill the memory.
    """
    config = read_json(folder, "config.json")
    width = config.get("hidden_size")
    numbers = _NUMBERS_PER_BYTE * sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    if not isinstance(width, int) or not numbers:
        return
    for name in sorted(_SIZES & config.keys()):
        size = config[name]
        if isinstance(size, int) and size * width > numbers:
            raise ModelError(
                f"The model {model} has a {name} of {size} in its config.json, which its weights "
                "are too small for: download it again, or choose another model."
            )


def _walk(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield each key and value of a document, at any depth."""
    waiting = [content]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield from each.items()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
