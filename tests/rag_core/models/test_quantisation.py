from __future__ import annotations

import json

import pytest

from rag_core.errors import ModelError
from rag_core.models import embedder, quantisation
from rag_core.models.embedder import LocalEmbedder
from rag_core.models.quantisation import check_packages, find_quantisation
from rag_core.models.reranker import LocalReranker
from tests.rag_core.checkpoints import make_embedder, make_reranker


def quantise(folder, settings):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"quantization_config": settings}))
    return folder


@pytest.fixture
def bare(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq"),
        ({"quant_method": "AWQ"}, "awq"),
        ({"load_in_4bit": True}, "bitsandbytes"),
        ({"bits": 4}, "unknown"),
        (None, None),
        ({}, None),
    ],
)
def test_the_method_is_in_the_config(bare, settings, method):
    assert find_quantisation(quantise(bare, settings)) == method


@pytest.mark.parametrize(
    ("method", "packages"),
    [
        ("gptq", "gptqmodel and optimum"),
        ("awq", "gptqmodel and accelerate"),
        ("bitsandbytes", "bitsandbytes and accelerate"),
        ("compressed-tensors", "compressed-tensors"),
        ("fp8", "accelerate"),
        ("quanto", "optimum-quanto and accelerate"),
    ],
)
def test_missing_packages_are_named_in_a_sentence(bare, method, packages, monkeypatch):
    monkeypatch.setattr(quantisation, "_has", lambda _: False)
    with pytest.raises(ModelError) as caught:
        check_packages("some/model", quantise(bare, {"quant_method": method}))
    assert str(caught.value) == (
        f"The model some/model is quantised with {method}, which needs {packages}: run "
        f"`pip install {packages.replace(' and', '')}`, or choose the model without quantisation."
    )


def test_packages_that_are_there_are_not_asked_for(bare, monkeypatch):
    monkeypatch.setattr(quantisation, "_has", lambda module: module == "accelerate")
    check_packages("some/model", quantise(bare, {"quant_method": "fp8"}))
    check_packages("some/model", quantise(bare, None))


@pytest.mark.parametrize(("module", "there"), [("torch", True), ("no.such", False), ("no", False)])
def test_a_package_is_looked_for_without_an_import(module, there):
    assert quantisation._has(module) is there


@pytest.mark.parametrize("make", [make_embedder, make_reranker])
def test_a_quantised_checkpoint_is_refused_before_it_is_loaded(tmp_path, make, monkeypatch):
    monkeypatch.setattr(quantisation, "_has", lambda _: False)
    folder = quantise(make(tmp_path), {"quant_method": "compressed-tensors"})
    model = (LocalEmbedder if make is make_embedder else LocalReranker)(str(folder))
    with pytest.raises(ModelError, match="pip install compressed-tensors"):
        model.warm_up()


def test_what_the_packages_say_is_part_of_the_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(embedder, "load_for_packing", fail)
    folder = quantise(make_embedder(tmp_path), {"quant_method": "magic"})
    said = (
        r"quantised with magic, and this machine can't load it \(No GPU of 2022 is here\): choose"
    )
    with pytest.raises(ModelError, match=said):
        LocalEmbedder(str(folder)).warm_up()


def fail(*_):
    raise ValueError("No GPU of 2022\nis here.")
