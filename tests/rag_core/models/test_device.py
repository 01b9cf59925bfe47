from __future__ import annotations

import os

import pytest

from rag_core.errors import ModelError
from rag_core.models.device import Placement


def test_threads_are_at_most_the_cores():
    assert 1 <= (Placement.choose().threads or 1) <= (os.cpu_count() or 1)


@pytest.mark.parametrize("wrong", [{"device": "toaster"}, {"dtype": "int3"}])
def test_unknown_names(wrong):
    with pytest.raises(ModelError):
        Placement.choose(**wrong)


def test_torch_gets_no_more_threads_than_there_are_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("torch.get_num_threads", lambda: 8)
    monkeypatch.setattr("rag_core.models.device.count_cores", lambda: 3)
    assert Placement.choose(device="cpu").threads == 3


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({}, "float32"), ({"amx_bf16": True}, "bfloat16"), ({"avx512_bf16": True}, "bfloat16")],
)
def test_bfloat16_only_where_the_cpu_multiplies_it(monkeypatch, capabilities, expected):
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: capabilities)
    assert str(Placement.choose(device="cpu").dtype) == f"torch.{expected}"


def test_what_is_asked_for_is_taken():
    placement = Placement.choose(device="cpu", dtype="float16", threads=3)
    assert (str(placement.device), str(placement.dtype), placement.threads) == (
        "cpu",
        "torch.float16",
        3,
    )


@pytest.mark.parametrize(("device", "cards"), [("cuda", 0), ("cuda:1", 1), ("mps", 0)])
def test_a_device_that_is_not_here(monkeypatch, device, cards):
    monkeypatch.setattr("torch.cuda.is_available", lambda: cards > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: cards)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(ModelError, match=f"no device '{device}'.*DOCENT_DEVICE=cpu"):
        Placement.choose(device=device, dtype="float32")


def test_a_second_card_is_found(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert str(Placement.choose(device="cuda:1", dtype="bfloat16").device) == "cuda:1"
