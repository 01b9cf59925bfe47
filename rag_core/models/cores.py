"""The cores that the models may use."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def count_cores() -> int:
    """Count the cores of this process's affinity, within the container's limit."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _read_container_limit(cores)))


def _read_container_limit(cores: int) -> int:
    # A container with more threads than its quota is throttled in the middle of a product.
    try:
        quota, period = _CGROUP_CPU_LIMIT.read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else int(quota) // int(period)
