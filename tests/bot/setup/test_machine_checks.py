"""The checks of the machine say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.setup import machine_checks
from bot.setup.machine_checks import check_disk, check_memory, check_python
from ingest.settings import IngestSettings
from rag_core.settings import RagSettings


def test_this_python_will_do_and_an_old_one_will_not(monkeypatch: pytest.MonkeyPatch):
    assert check_python().passed
    monkeypatch.setattr(machine_checks, "OLDEST_PYTHON", (9, 9))
    assert "is too old: install docent with 9.9" in check_python().says


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine_checks, "read_free_space", lambda _: 5_000_000_000)
    assert check_disk(IngestSettings.load()).says == "5.0 GB free for data"
    monkeypatch.setattr(machine_checks, "read_free_space", lambda _: 5_000_000)
    result = check_disk(IngestSettings.load())
    assert (result.passed, result.says.startswith("5 MB free for data")) == (False, True)


def test_a_folder_that_can_not_be_written_to_is_told(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(machine_checks.os, "access", lambda *_: False)
    result = check_disk(IngestSettings.load())
    assert not result.passed
    assert f"docent can't write to {tmp_path}" in result.says


@pytest.mark.parametrize(
    ("memory", "changes", "passed", "says"),
    [
        (3e9, {"profile": "starter"}, True, "3.0 GB in this machine"),
        (1e9, {"profile": "starter"}, False, "use a larger machine"),
        (3e9, {"profile": "qwen3"}, False, "set DOCENT_PROFILE=starter"),
        (1e9, {"embedding_url": "http://a", "rerank_url": "http://a"}, True, "run on servers"),
        (None, {}, True, "does not say"),
    ],
)
def test_the_memory_has_to_hold_the_models(monkeypatch, memory, changes, passed, says):
    monkeypatch.setattr(machine_checks, "read_memory", lambda: memory)
    result = check_memory(RagSettings.load(**changes))
    assert (result.passed, says in result.says) == (passed, True)
