"""Models before their download: whether they are here already, and their size on the hub."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi, constants, try_to_load_from_cache
from huggingface_hub import errors as hub_errors

from rag_core.errors import ModelUnavailableError
from rag_core.models.snapshot import list_broken_files

_SECONDS = 10.0
_ERRORS = (OSError, ValueError, RuntimeError, hub_errors.HTTPError)  # type: ignore[attr-defined]


def has_model(model: str, revision: str | None = None) -> bool:
    """Return whether the files of a model are on this machine, complete."""
    folder = Path(model)
    if not (model and folder.is_dir()):
        try:
            path = try_to_load_from_cache(
                model, "config.json", revision=revision or constants.DEFAULT_REVISION
            )
        except ValueError:  # not a name
            return False
        if not isinstance(path, str):
            return False
        folder = Path(path).parent
    return not list_broken_files(folder)


def fetch_download_size(model: str, revision: str | None = None) -> int:
    """Ask the hub for the size of a model's weights, in bytes.

    Raises:
        ModelUnavailableError: the hub does not answer, or has no such model.
    """
    try:
        info = HfApi().model_info(
            model,
            revision=revision or constants.DEFAULT_REVISION,
            files_metadata=True,
            timeout=_SECONDS,
        )
    except _ERRORS as error:
        raise ModelUnavailableError(
            f"The hub at {constants.ENDPOINT} says nothing about the model {model}: check its name "
            "and the network, set HF_ENDPOINT to a mirror, or choose DOCENT_PROFILE=starter, which "
            "needs no download."
        ) from error
    files = info.siblings or []
    return sum(file.size or 0 for file in files if file.rfilename.endswith(".safetensors"))
