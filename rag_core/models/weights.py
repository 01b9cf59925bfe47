"""Finds a model's files by name, in the cache or on the model hub, and says why when it can't."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import constants, snapshot_download
from huggingface_hub import errors as hub_errors
from safetensors import SafetensorError

from rag_core.errors import ModelError, ModelUnavailableError

_OTHER_FORMATS = ["onnx/*", "openvino/*", "*.onnx", "*.gguf", "*.h5", "*.ot", "*.msgpack"]
# HTTPError is the HTTP client's own; the hub re-exports it and has changed clients before.
_FETCH_ERRORS = (OSError, ValueError, RuntimeError, hub_errors.HTTPError)  # type: ignore[attr-defined]


def locate_model(model: str) -> Path:
    """Folder with a model's files: a local folder, the cache, or a fresh download.

    The cache goes before the network: a start then needs no connection, and the model can't change
    under an index that was built with it.

    Raises:
        ModelUnavailableError: the files are not here and can't be fetched.
    """
    if model and Path(model).is_dir():
        return Path(model)
    return _find_cached(model) or _download(model)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a model; empty where the model has none."""
    path = folder / name
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@contextmanager
def translate_load_errors(model: str, folder: Path) -> Iterator[None]:
    """Turn whatever goes wrong while reading a model's files into a ModelError."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"The files of the model {model} in {folder} can't be read; "
            "delete that folder, so that they are downloaded again, or choose another model."
        ) from error


def _find_cached(model: str) -> Path | None:
    try:
        found = snapshot_download(model, local_files_only=True, ignore_patterns=_OTHER_FORMATS)
    except (OSError, ValueError):
        return None
    return _find_weights(Path(found))


def _download(model: str) -> Path:
    reason: Exception | None = None
    try:
        # Without a network this gives what the cache has, which may be a part of the model.
        folder = _find_weights(Path(snapshot_download(model, ignore_patterns=_OTHER_FORMATS)))
    except _FETCH_ERRORS as error:
        folder, reason = None, error
    if folder is None:
        raise ModelUnavailableError(
            f"The model {model} is not in the cache {constants.HF_HUB_CACHE} and can't be "
            "downloaded: check its name and the network, "
            "or set DOCENT_PROFILE=starter, which needs no download."
        ) from reason
    return folder


def _find_weights(folder: Path) -> Path | None:
    weights = (*folder.rglob("*.safetensors"), *folder.rglob("*.bin"))
    return folder if weights else None
