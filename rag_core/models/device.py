"""Placement of the models: device, number type and CPU threads that suit the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from rag_core.errors import ModelError
from rag_core.models.cores import count_cores

_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Device, number type and CPU threads of a model.

    Attributes:
        device: the torch device that holds the weights.
        dtype: the type of the numbers that the model computes with.
        threads: CPU threads for matrix products; None keeps torch's own number.
    """

    device: torch.device
    dtype: torch.dtype
    threads: int | None = None

    @classmethod
    def choose(
        cls, *, device: str | None = None, dtype: str | None = None, threads: int | None = None
    ) -> Placement:
        """Build a placement from the settings, with defaults that suit this machine.

        Args:
            device: a torch device such as `cpu`, `cuda:1` or `mps`; None prefers a GPU.
            dtype: `float32`, `bfloat16` or `float16`; None means bfloat16 if the hardware
                multiplies it, else float32.
            threads: CPU threads for matrix products; None means one for each core, or leaves it
                to `OMP_NUM_THREADS` if that is set.

        Returns:
            The placement; a setting that is given is never replaced by a default.

        Raises:
            ModelError: torch has no such device or number type, or this machine lacks the device.
        """
        torch_device = _choose_device(device)
        if threads is None and "OMP_NUM_THREADS" not in os.environ:
            # torch counts physical cores and ignores the limit of a container.
            threads = min(count_cores(), torch.get_num_threads())
        torch_dtype = _parse_dtype(dtype) if dtype else choose_dtype(torch_device)
        return cls(torch_device, torch_dtype, threads)

    def set_threads(self) -> None:
        """Set the number of CPU threads for the whole process."""
        if self.threads is not None:
            torch.set_num_threads(self.threads)


def choose_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 if the hardware multiplies it, else float32.

    Emulated bfloat16 is slower than float32.
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        cpu = torch.cpu.get_capabilities()
        native = bool(cpu.get("amx_bf16") or cpu.get("avx512_bf16"))
    else:
        native = device.type == "mps"
    return torch.bfloat16 if native else torch.float32


def describe_gpu() -> tuple[str, int | None] | None:
    """Return name and memory in bytes of the first GPU.

    Return None if torch finds none. Apple's GPU has no memory of its own, so its number is None.
    """
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        return properties.name, int(properties.total_memory)
    return ("Apple MPS", None) if torch.backends.mps.is_available() else None


def _choose_device(name: str | None) -> torch.device:
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"torch knows no device {name!r}; try cpu, cuda or mps.") from error
    if not _is_available(device):
        raise ModelError(
            f"torch finds no device {name!r} on this machine: set DOCENT_DEVICE=cpu, or install "
            "the build of torch and the driver that fit the card."
        )
    return device


def _is_available(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type != "mps" or torch.backends.mps.is_available()


def _parse_dtype(name: str) -> torch.dtype:
    if name not in _DTYPES:
        raise ModelError(f"{name!r} is not a number type for models; try {', '.join(_DTYPES)}.")
    return _DTYPES[name]
