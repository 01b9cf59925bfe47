"""Weights of a model: found by name, in the cache or on the model hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import (
    constants,
    hf_hub_download,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub import errors as hub_errors

from rag_core.errors import DocentError, ModelError, ModelUnavailableError
from rag_core.models.admission import (
    PICKLES,
    build_code_error,
    build_pickle_error,
    check_files,
)
from rag_core.models.quantisation import build_load_error, find_quantisation
from rag_core.models.snapshot import list_broken_files

_OTHER_FORMATS = ["onnx/*", "openvino/*", "*.onnx", "*.gguf", "*.h5", "*.ot", "*.msgpack"]
_NOT_FETCHED = [*_OTHER_FORMATS, *PICKLES, "*.py"]
# HTTPError belongs to the hub's HTTP client; the hub has changed that client before.
_FETCH_ERRORS = (OSError, ValueError, RuntimeError, hub_errors.HTTPError)  # type: ignore[attr-defined]
_FIRST_FILES = ("config.json", "modules.json", "adapter_config.json")
_NAMED_FILES = 3


def locate_model(model: str, revision: str | None = None) -> Path:
    """Return the folder of a model's files: local, cached or downloaded now.

    The cache comes before the network: a start then needs no connection, and the model can't
    change after an index was built with it. A download that was interrupted is completed, at the
    revision that it had. Files that could run code are refused.

    Raises:
        ModelUnavailableError: the files are not on this machine and can't be downloaded.
        ModelError: the folder lacks files and belongs to no hub, or has files that docent refuses.
    """
    folder = _find_folder(model, revision)
    check_files(model, folder)
    return folder


def _find_folder(model: str, revision: str | None) -> Path:
    if model and Path(model).is_dir():
        if revision:
            raise ModelError(
                f"The model {model} is a folder, which has no revisions: remove the setting of "
                f"its revision ({revision}), or name a model on the hub."
            )
        return _complete_folder(model, Path(model))
    folder = _find_cached(model, revision)
    if folder is None:
        return _download(model, revision)
    return folder if not list_broken_files(folder) else _resume(model, folder)


@contextmanager
def translate_load_errors(model: str, folder: Path) -> Iterator[None]:
    """Translate errors from reading a model's files into a ModelError."""
    try:
        yield
    except (DocentError, MemoryError):
        raise
    except ImportError as error:
        raise ModelError(
            f"The model {model} needs a package that is not installed ({_shorten(error)}): "
            "install it, or choose another model."
        ) from error
    except Exception as error:  # the loaders raise everything, the tokenizers bare exceptions
        if "trust_remote_code" in str(error):
            raise build_code_error(model, "auto_map") from error
        if method := find_quantisation(folder):
            raise build_load_error(model, method, error) from error
        raise ModelError(
            f"The files of the model {model} in {folder} can't be read; "
            "delete that folder, so that they are downloaded again, or choose another model."
        ) from error


def _find_cached(model: str, revision: str | None) -> Path | None:
    """Return the folder of a snapshot in the cache, complete or not."""
    try:
        found = [
            try_to_load_from_cache(model, name, revision=revision or constants.DEFAULT_REVISION)
            for name in _FIRST_FILES
        ]
    except ValueError:  # not a name
        return None
    return next((Path(path).parent for path in found if isinstance(path, str)), None)


def _download(model: str, revision: str | None) -> Path:
    try:
        folder = Path(snapshot_download(model, revision=revision, ignore_patterns=_NOT_FETCHED))
    except _FETCH_ERRORS as error:
        if revision:
            raise ModelUnavailableError(
                f"The model {model} at revision {revision} is not in the cache "
                f"{constants.HF_HUB_CACHE} and can't be downloaded: check its name, its revision "
                "and the network, or set DOCENT_PROFILE=starter, which needs no download."
            ) from error
        raise ModelUnavailableError(
            f"The model {model} is not in the cache {constants.HF_HUB_CACHE} and can't be "
            "downloaded: check its name and the network, "
            "or set DOCENT_PROFILE=starter, which needs no download."
        ) from error
    _require_whole(model, folder, None)
    return folder


def _require_whole(model: str, folder: Path, reason: Exception | None) -> None:
    """Refuse a download that lacks files.

    Weights that a finished download did not bring are not on the hub as safetensors.
    """
    broken = list_broken_files(folder)
    unknown = [name for name in broken if name.endswith((".safetensors", ".bin"))]
    if reason is None and folder.is_dir() and unknown and not (folder / unknown[0]).exists():
        raise build_pickle_error(model, "another form")
    if broken:
        raise _build_incomplete_error(model, broken) from reason


def _complete_folder(model: str, folder: Path) -> Path:
    """Complete the folder of a snapshot; refuse another folder that lacks files."""
    broken = list_broken_files(folder)
    if not broken:
        return folder
    repository = folder.absolute().parent.parent.name
    if folder.absolute().parent.name == "snapshots" and repository.startswith("models--"):
        name = repository.removeprefix("models--").replace("--", "/")
        return _resume(name, folder.absolute())
    raise ModelError(
        f"The files of the model {model} in {folder} can't be read, because it lacks "
        f"{_name_files(broken)}: copy or download that folder again, or choose another model."
    )


def _resume(model: str, folder: Path) -> Path:
    """Download what a snapshot lacks, and what is damaged."""
    revision, cache = folder.name, folder.parents[2]
    reason: Exception | None = None
    try:
        snapshot_download(model, revision=revision, cache_dir=cache, ignore_patterns=_NOT_FETCHED)
        for name in list_broken_files(folder):
            hf_hub_download(model, name, revision=revision, cache_dir=cache, force_download=True)
    except _FETCH_ERRORS as error:
        reason = error
    _require_whole(model, folder, reason)
    return folder


def _build_incomplete_error(model: str, broken: list[str]) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"The model {model} lacks {_name_files(broken)} in the cache {constants.HF_HUB_CACHE}, and "
        "they can't be downloaded: check its name and the network, "
        "or set DOCENT_PROFILE=starter, which needs no download."
    )


def _name_files(broken: list[str]) -> str:
    """Return the first names; files that are missing or damaged."""
    more = len(broken) - _NAMED_FILES
    names = ", ".join(broken[:_NAMED_FILES]) + (f" and {more} more" if more > 0 else "")
    return f"{names} (missing or damaged)"


def _shorten(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(". ")
