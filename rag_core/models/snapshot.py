"""The files of a model in a folder: which are missing or cut off.

A download that was interrupted leaves a folder that looks like a model. Libraries then fail deep
inside, or fill the gap with random numbers.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Files of weights, in the order in which the libraries look for them, or for their index."""

_JSON_FILES = (
    "config.json",
    "modules.json",
    "config_sentence_transformers.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
_WITH_CONFIG = {"Transformer", "Pooling", "Dense"}
_WITH_WEIGHTS = {"Transformer", "Dense", "StaticEmbedding"}
_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a JSON file of a model; return {} without one."""
    path = folder / name
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def list_modules(folder: Path) -> list[tuple[str, str]]:
    """List the kind and the folder of each module that sentence-transformers would run.

    Kinds are bare class names such as `Dense`; the list is empty without `modules.json`.
    """
    modules: Any = read_json(folder, "modules.json") or []
    return [(str(each["type"]).rpartition(".")[2], str(each.get("path") or "")) for each in modules]


def list_broken_files(folder: Path) -> list[str]:
    """List the files that a model needs and that are missing or cut off, by name."""
    broken = [name for name in _JSON_FILES if _is_cut_json(folder / name)]
    if broken:
        return broken
    wanted: list[str] = []
    for kind, path in list_modules(folder) or [("Transformer", "")]:
        names = ["config.json"] if kind in _WITH_CONFIG else []
        if kind in _WITH_WEIGHTS:
            names += _list_weights(folder / path)
        wanted += [f"{path}/{name}" if path else name for name in names]
    return [name for name in wanted if not _is_whole(folder / name)]


def _list_weights(folder: Path) -> Iterator[str]:
    """Yield the files of weights that the libraries would read."""
    for name in _WEIGHTS:
        if _is_named(folder / name):
            yield name
            return
        index = f"{name}.index.json"
        if _is_named(folder / index):
            yield index
            if not _is_cut_json(folder / index):
                yield from sorted(set(read_json(folder, index).get("weight_map", {}).values()))
            return
    others = [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    yield from (sorted(path.name for path in others) or _WEIGHTS[:1])


def _is_named(path: Path) -> bool:
    """Return whether there is such a name, even if it is a link to nothing."""
    return path.exists() or path.is_symlink()


def _is_cut_json(path: Path) -> bool:
    """Return whether a JSON file is there and can't be parsed."""
    if not _is_named(path):
        return False
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return True
    return False


def _is_whole(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size == 0:
        return False
    if path.suffix == ".json":
        return not _is_cut_json(path)
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
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return False
    return path.stat().st_size == _LENGTH_BYTES + length + max(ends, default=0)
