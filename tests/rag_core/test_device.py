from __future__ import annotations

import os

import pytest

from rag_core.device import Placement
from rag_core.errors import ModelError


def test_threads_are_at_most_the_cores():
    assert 1 <= (Placement.choose().threads or 1) <= (os.cpu_count() or 1)


@pytest.mark.parametrize("wrong", [{"device": "toaster"}, {"dtype": "int3"}])
def test_unknown_names(wrong):
    with pytest.raises(ModelError):
        Placement.choose(**wrong)


@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1)]
)
def test_a_containers_limit_counts(tmp_path, monkeypatch, limit, cores):
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr("rag_core.device._CGROUP_CPU_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert Placement.choose(device="cpu").threads == cores


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({}, "float32"), ({"amx_bf16": True}, "bfloat16"), ({"avx512_bf16": True}, "bfloat16")],
)
def test_bfloat16_only_where_the_cpu_multiplies_it(monkeypatch, capabilities, expected):
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: capabilities)
    assert str(Placement.choose(device="cpu").dtype) == f"torch.{expected}"
