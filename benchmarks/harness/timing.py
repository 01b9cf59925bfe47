"""Tools of all benchmarks: timed runs in turns, memory, the machine's peak of matrix products."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import torch
from torch.nn.functional import linear

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = 4096


def alternate(runs: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, float]:
    """Median seconds of each run; they take turns, so that a slow minute hits all of them.

    The caller has run each once, so that nothing is loaded or prepared on the clock.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            seconds[name].append(timed(run))
    return {name: round(statistics.median(times), 4) for name, times in seconds.items()}


def timed(run: Callable[[], object]) -> float:
    """Seconds of one run, with the accelerator's queue emptied."""
    start = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def extra_memory_mb(run: Callable[[], object], device: torch.device) -> float | None:
    """Return the memory in MB that a run adds; None if it can't be told."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        return round((torch.cuda.max_memory_allocated(device) - before) / 2**20, 1)
    if not _STATM.exists():
        return None
    with _Sampler() as sampler:
        run()
    return round((sampler.peak - sampler.before) / 2**20, 1)


class _Sampler:
    """Watches the resident memory of this process, every 5 ms."""

    def __enter__(self) -> Self:
        self.before = self.peak = _resident_bytes()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.peak = max(self.peak, _resident_bytes())


def _resident_bytes() -> int:
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES


@torch.inference_mode()
def matrix_peak_tflops(device: torch.device, dtype: torch.dtype, *, repeats: int = 20) -> float:
    """The best of some products of the 0.6B model's own size: 2,048 rows, 1,024 x 3,072."""
    rows = torch.randn(2048, 1024).to(device, dtype)
    weight = torch.randn(3072, 1024).to(device, dtype)
    best = min(timed(lambda: linear(rows, weight)) for _ in range(repeats))
    return round(2 * 2048 * 1024 * 3072 / best / 1e12, 3)
