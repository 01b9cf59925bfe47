"""Models that this machine can run: the choices of `docent init`, with size and time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bot.setup.machine import Gpu, find_gpu, format_size, read_memory
from bot.setup.machine_checks import QWEN3_MEMORY
from rag_core.english import format_count
from rag_core.errors import DocentError
from rag_core.models.cores import count_cores
from rag_core.settings import RagSettings

Choice = Literal["starter", "qwen3", "server"]

_LINE_SPEED = 50_000_000 / 8
"""Bytes a second of the connection that the time of a download is said for."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The parts of the machine that matter to models.

    Attributes:
        cores: cores that docent may use.
        memory: bytes; None if unknown.
        gpu: a GPU; None without one.
        download: bytes that the qwen3 profile would download; None if the hub does not answer.
    """

    cores: int
    memory: int | None
    gpu: Gpu | None
    download: int | None

    def describe(self) -> str:
        """Return the machine as a sentence."""
        parts = [format_count(self.cores, "core")]
        if self.memory:
            parts.append(f"{format_size(self.memory)} of memory")
        parts.append(f"the GPU {self.gpu.name}" if self.gpu else "no GPU")
        hub = "does not answer" if self.download is None else "answers"
        if self.download == 0:
            return f"This machine has {', '.join(parts)}, and Qwen3's models."
        return f"This machine has {', '.join(parts)}. The hub of models {hub}."

    @property
    def can_run_qwen3(self) -> bool:
        """True if the models can be had and fit."""
        return self.download is not None and (self.memory or QWEN3_MEMORY) >= QWEN3_MEMORY


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice of models.

    Attributes:
        choice: its name.
        says: what it can do and costs.
    """

    choice: Choice
    says: str


def inspect_machine(settings: RagSettings) -> Machine:
    """Inspect the machine, and ask the hub for the size of models."""
    return Machine(count_cores(), read_memory(), find_gpu(), measure_download(settings))


def measure_download(settings: RagSettings) -> int | None:
    """Return the bytes to download; None if the hub is silent."""
    try:
        from rag_core.models.hub import fetch_download_size, has_model
    except ImportError:  # docent is installed without the extra `local`
        return None

    models = (
        (settings.embedding_model, settings.embedding_revision),
        (settings.reranker_model, settings.reranker_revision),
    )
    try:
        return sum(
            fetch_download_size(model, revision)
            for model, revision in models
            if not has_model(model, revision)
        )
    except DocentError:
        return None


def list_offers(machine: Machine) -> tuple[Offer, ...]:
    """Return the three choices, with what each costs on this machine."""
    return (
        Offer("starter", "English; nothing to download; to try docent, and for a small machine"),
        Offer("qwen3", f"many languages, better answers; {_describe_qwen3(machine)}"),
        Offer("server", "models on a server of yours (vLLM, TEI, Infinity); nothing runs here"),
    )


def suggest_choice(machine: Machine) -> Choice:
    """Return the choice that suits the machine: Qwen3 wants a GPU."""
    return "qwen3" if machine.can_run_qwen3 and machine.gpu else "starter"


def _describe_qwen3(machine: Machine) -> str:
    if machine.download is None:
        return "the hub does not answer from here, so it can't be downloaded"
    if machine.download == 0:
        size = "already on this machine"
    else:
        minutes = math.ceil(machine.download / _LINE_SPEED / 60)
        time = format_count(minutes, "minute")
        size = f"downloads {format_size(machine.download)}, {time} at 50 Mbit/s"
    if not machine.can_run_qwen3:
        return f"{size}; needs {format_size(QWEN3_MEMORY)} of memory, more than there is"
    if machine.gpu is None:
        return f"{size}; without a GPU, ranking may take up to 10 seconds of each question"
    return size
