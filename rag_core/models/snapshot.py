"""The files of a model in a folder: which are missing or damaged.

A download that was interrupted leaves a folder that looks like a model. Libraries then fail deep
inside, or fill the gap with random numbers.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag_core.errors import ModelError

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Files of weights, in the order in which the libraries look for them, or for their index."""

_ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
"""The same for an adapter of PEFT, which belongs to a model elsewhere."""

_JSON_FILES = (
    "config.json",
    "adapter_config.json",
    "modules.json",
    "config_sentence_transformers.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
_WITH_CONFIG = {"Transformer", "Pooling", "Dense"}
_WITH_WEIGHTS = {"Transformer", "Dense", "StaticEmbedding"}
_OWN_PACKAGE = "sentence_transformers"
_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a JSON object of a model; return {} without the file.

    Raises:
        ModelError: the file holds something else.
    """
    path = folder / name
    if not path.is_file():
        return {}
    content = _parse_json(path)
    if not isinstance(content, dict):
        raise _build_damage_error(path)
    return content


def list_modules(folder: Path) -> list[tuple[str, str]]:
    """List kind and folder of each module that sentence-transformers runs.

    Kinds are bare class names such as `Dense`, but whole names such as `custom_st.Dense` for a
    class of another package. The list is empty without `modules.json`.

    Raises:
        ModelError: `modules.json` is damaged.
    """
    return [(_read_kind(type_name), path) for type_name, path in list_module_types(folder)]


def list_module_types(folder: Path) -> list[tuple[str, str]]:
    """List class and folder of each module of `modules.json`.

    Raises:
        ModelError: `modules.json` is damaged.
    """
    path = folder / "modules.json"
    if not path.is_file():
        return []
    modules = _parse_json(path)
    if not _has_shape(path.name, modules):
        raise _build_damage_error(path)
    return [(each["type"], each.get("path") or "") for each in modules]


def list_broken_files(folder: Path) -> list[str]:
    """List the files of a model that are missing or damaged."""
    broken = [name for name in _JSON_FILES if _is_damaged_json(folder / name)]
    if broken:
        return broken
    wanted: list[str] = []
    for kind, path in list_modules(folder) or [("Transformer", "")]:
        name = kind.rpartition(".")[2]
        names = [_choose_config(folder / path)] if name in _WITH_CONFIG else []
        if name in _WITH_WEIGHTS:
            names += _list_weights(folder / path)
        wanted += [f"{path}/{name}" if path else name for name in names]
    return [name for name in wanted if not _is_whole(folder / name)]


def _read_kind(type_name: str) -> str:
    package, _, rest = type_name.partition(".")
    return rest.rpartition(".")[2] if package == _OWN_PACKAGE else type_name


def _choose_config(folder: Path) -> str:
    """Return the name of the settings; an adapter has its own."""
    names = ("config.json", "adapter_config.json")
    return next((name for name in names if _is_named(folder / name)), names[0])


def _list_weights(folder: Path) -> Iterator[str]:
    """Yield the files of weights that the libraries would read."""
    is_adapter = _choose_config(folder) == "adapter_config.json"
    weights = _ADAPTER_WEIGHTS if is_adapter else _WEIGHTS
    for name in weights:
        if _is_named(folder / name):
            yield name
            return
        index = f"{name}.index.json"
        if _is_named(folder / index):
            yield index
            if not _is_damaged_json(folder / index):
                yield from sorted(set(read_json(folder, index)["weight_map"].values()))
            return
    others = [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    yield from (sorted(path.name for path in others) or weights[:1])


def _is_named(path: Path) -> bool:
    """Return whether there is a file, or a link to nothing."""
    return path.exists() or path.is_symlink()


def _is_damaged_json(path: Path) -> bool:
    """Return whether a JSON file is there and damaged."""
    if not _is_named(path):
        return False
    if not path.is_file():  # a fifo would be waited for
        return True
    try:
        return not _has_shape(path.name, _parse_json(path))
    except (OSError, ModelError):
        return True


def _parse_json(path: Path) -> Any:
    if path.stat().st_size > _LONGEST_HEADER:
        raise _build_damage_error(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _build_damage_error(path) from error


def _build_damage_error(path: Path) -> ModelError:
    return ModelError(f"{path} is damaged: download the model again, or choose another one.")


def _has_shape(name: str, content: Any) -> bool:
    """Return whether JSON has the shape that its name promises."""
    if name == "modules.json":
        return isinstance(content, list) and all(map(_is_module, content))
    if not isinstance(content, dict):
        return False
    weights = content.get("weight_map") if name.endswith(".index.json") else {}
    return isinstance(weights, dict) and all(isinstance(each, str) for each in weights.values())


def _is_module(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and isinstance(content.get("type"), str)
        and isinstance(content.get("path", ""), str)
    )


def _is_whole(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size == 0:
        return False
    if path.suffix == ".json":
        return not _is_damaged_json(path)
    if path.suffix == ".safetensors":
        return _is_whole_safetensors(path)
    with path.open("rb") as file:
        is_archive = file.read(2) == b"PK"
    return not is_archive or zipfile.is_zipfile(path)


def _is_whole_safetensors(path: Path) -> bool:
    """Compare the length of a file with the offsets in its header."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if not 0 < length < _LONGEST_HEADER:
            return False
        header = file.read(length)
    try:
        tensors = json.loads(header)
        ends = [each["data_offsets"][1] for name, each in tensors.items() if name != "__metadata__"]
        size = _LENGTH_BYTES + length + max(ends, default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return False
    return path.stat().st_size == size
