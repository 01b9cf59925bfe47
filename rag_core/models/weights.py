"""Files of a model: found by name, in the cache or on the model hub."""

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
# HTTPError belongs to the hub's HTTP client; the hub has changed that client before.
_FETCH_ERRORS = (OSError, ValueError, RuntimeError, hub_errors.HTTPError)  # type: ignore[attr-defined]


def locate_model(model: str) -> Path:
    """Return the folder of a model's files: local, cached or downloaded now.

    The cache comes before the network: a start then needs no connection, and the model can't
    change after an index was built with it.

    Raises:
        ModelUnavailableError: the files are not on this machine and can't be downloaded.
    """
    if model and Path(model).is_dir():
        return Path(model)
    return _find_cached(model) or _download(model)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a JSON file of a model; return {} without one."""
    path = folder / name
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@contextmanager
def translate_load_errors(model: str, folder: Path) -> Iterator[None]:
    """Translate errors from reading a model's files into a ModelError."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"The files of the model {model} in {folder} can't be read; "
            "delete that folder, so that they are downloaded again, or choose another model."
        ) from error


def _find_cached(model: str) -> Path | None:
    try:
        folder = snapshot_download(model, local_files_only=True, ignore_patterns=_OTHER_FORMATS)
    except (OSError, ValueError):
        return None
    return _find_weights(Path(folder))


def _download(model: str) -> Path:
    reason: Exception | None = None
    try:
        # Without a network this returns the cached files, which may be only a part of the model.
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
