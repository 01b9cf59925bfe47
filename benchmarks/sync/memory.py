"""Memory of this process, as Linux counts it."""

from __future__ import annotations

import resource
from pathlib import Path


def resident_mb() -> float:
    """What it holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def peak_mb() -> float:
    """The most that it has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
