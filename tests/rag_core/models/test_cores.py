from __future__ import annotations

import pytest

from rag_core.models.cores import count_cores


@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1)]
)
def test_a_containers_limit_counts(tmp_path, monkeypatch, limit, cores):
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr("rag_core.models.cores._CGROUP_CPU_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert count_cores() == cores


def test_without_a_limit_the_affinity_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("rag_core.models.cores._CGROUP_CPU_LIMIT", tmp_path / "missing")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert count_cores() == 3
