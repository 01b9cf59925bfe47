"""The choices of models say what each costs on the machine."""

from __future__ import annotations

import sys

import pytest

from bot.setup.machine import Gpu
from bot.setup.model_offers import Machine, list_offers, measure_download, suggest_choice
from rag_core.settings import RagSettings

GPU = Gpu("H200", 150_000_000_000)


@pytest.mark.parametrize(
    ("machine", "says", "suggested"),
    [
        (Machine(2, 24 * 10**9, None, None), "the hub does not answer from here", "starter"),
        (Machine(2, 24 * 10**9, None, 0), "already on this machine; without a GPU", "starter"),
        (Machine(8, 24 * 10**9, GPU, 2_400_000_000), "downloads 2.4 GB, 7 minutes at", "qwen3"),
        (Machine(2, 10**9, GPU, 0), "needs 6.4 GB of memory, more than there is", "starter"),
        (Machine(2, None, GPU, 0), "already on this machine", "qwen3"),
    ],
)
def test_qwen3_is_offered_with_its_size_and_time(machine: Machine, says: str, suggested: str):
    offers = {offer.choice: offer.says for offer in list_offers(machine)}
    assert list(offers) == ["starter", "qwen3", "server"]
    assert says in offers["qwen3"]
    assert suggest_choice(machine) == suggested


def test_the_machine_is_described():
    assert Machine(8, 10**9, GPU, 0).describe() == (
        "This machine has 8 cores, 1.0 GB of memory, the GPU H200, and Qwen3's models."
    )
    assert Machine(1, None, None, None).describe() == (
        "This machine has 1 core, no GPU. The hub of models does not answer."
    )


def test_without_the_hub_s_package_nothing_is_known_of_a_download(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "rag_core.models.hub", raising=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert measure_download(RagSettings.load()) is None
