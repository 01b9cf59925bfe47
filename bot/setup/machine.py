"""The machine: its memory, its free disk space, and its GPU."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

GIB = 2**30

_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that torch can use.

    Attributes:
        name: its name.
        memory: its memory in bytes; None if it shares that of the machine.
    """

    name: str
    memory: int | None


def read_memory() -> int | None:
    """Return the memory in bytes; None if it is unknown.

    The limit of a container counts.
    """
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not a Unix
        return None
    try:
        limit = int(_CONTAINER_LIMIT.read_text())
    except (OSError, ValueError):  # no container, or one without a limit
        return memory
    return min(memory, limit)


def read_free_space(folder: Path) -> int:
    """Return the free bytes on the disk of a folder.

    The folder need not be there yet.

    Raises:
        OSError: the disk does not say.
    """
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free


def find_gpu() -> Gpu | None:
    """Find a GPU with torch; return None without either.

    Loading torch takes seconds.
    """
    if find_spec("torch") is None:
        return None
    from rag_core.models.device import describe_gpu

    described = describe_gpu()
    return Gpu(*described) if described else None


def format_size(size: int) -> str:
    """Format a number of bytes in GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
