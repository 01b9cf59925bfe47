"""Checks of the machine for `docent doctor`: Python, disk and memory."""

from __future__ import annotations

import os
import platform
import sys

from bot.setup.machine import GIB, format_size, read_free_space, read_memory
from ingest.settings import IngestSettings
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings

OLDEST_PYTHON = (3, 11)
LEAST_SPACE = 2**30
"""An index, its next version and downloads of a small documentation fit into it."""

STARTER_MEMORY = 2 * GIB
QWEN3_MEMORY = 6 * GIB
"""By calculation, 1.2 billion weights of 4 bytes take 4.8 GB; texts and Python need the rest."""


def check_python() -> CheckResult:
    """Check the version of Python."""
    version, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        return CheckResult(
            "Python", passed=False, says=f"{version} is too old: install docent with {needed}"
        )
    return CheckResult("Python", passed=True, says=f"{version} on {system}")


def check_disk(index_settings: IngestSettings) -> CheckResult:
    """Check that docent's folder can be written to, and has space."""
    folder = index_settings.data_folder
    try:
        free = read_free_space(folder)
    except OSError as error:
        return CheckResult("disk", passed=False, says=f"{folder} can't be read: {error.strerror}")
    path = folder.absolute()
    existing = next(each for each in (path, *path.parents) if each.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return CheckResult(
            "disk",
            passed=False,
            says=f"docent can't write to {existing}: change its owner, or set DOCENT_MILVUS_URI to "
            "a path in another folder",
        )
    says = f"{format_size(free)} free for {folder}"
    if free < LEAST_SPACE:
        says += f": docent needs {format_size(LEAST_SPACE)} to build an index, so make room"
        return CheckResult("disk", passed=False, says=says)
    return CheckResult("disk", passed=True, says=says)


def check_memory(rag: RagSettings) -> CheckResult:
    """Check that the memory is enough for the models of the settings."""
    memory = read_memory()
    if memory is None:
        return CheckResult("memory", passed=True, says="this system does not say how much there is")
    says = f"{format_size(memory)} in this machine"
    if rag.embedding_url and rag.rerank_url:
        return CheckResult("memory", passed=True, says=f"{says}; the models run on servers")
    needed = STARTER_MEMORY if rag.profile == "starter" else QWEN3_MEMORY
    if memory < needed:
        remedy = (
            "use a larger machine"
            if rag.profile == "starter"
            else "set DOCENT_PROFILE=starter, or put the models on a server (DOCENT_EMBEDDING_URL)"
        )
        says += f", and the profile {rag.profile} needs {format_size(needed)}: {remedy}"
        return CheckResult("memory", passed=False, says=says)
    return CheckResult("memory", passed=True, says=says)
