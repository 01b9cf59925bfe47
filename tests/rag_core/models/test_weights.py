from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from rag_core.errors import ModelUnavailableError
from rag_core.models.weights import locate_model
from tests.conftest import ROOT


def test_offline():
    with pytest.raises(ModelUnavailableError) as caught:
        locate_model("Qwen/Qwen3-Embedding-0.6B")
    assert_helpful(str(caught.value), os.environ["HF_HOME"])


def test_a_refused_connection(tmp_path):
    """In a process of its own: the hub's client reads its settings once."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    program = (
        "from rag_core.errors import ModelUnavailableError\n"
        "from rag_core.models.weights import locate_model\n"
        "try:\n    locate_model('Qwen/Qwen3-Embedding-0.6B')\n"
        "except ModelUnavailableError as error:\n    print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": closed, "HF_HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert_helpful(result.stdout.strip(), str(tmp_path))


@pytest.mark.parametrize("name", ["", "a/b/c", "spaces in it"])
def test_a_name_that_can_not_be(name):
    with pytest.raises(ModelUnavailableError):
        locate_model(name)


def test_the_cache_is_used_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--some--model"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    (snapshot / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailableError):
        locate_model("some/model")  # half a download is none
    (snapshot / "model.safetensors").write_bytes(b"weights")
    assert locate_model("some/model") == snapshot


def assert_helpful(sentence: str, cache: str) -> None:
    assert "Qwen/Qwen3-Embedding-0.6B" in sentence
    assert cache in sentence
    assert "DOCENT_PROFILE=starter" in sentence
    assert "\n" not in sentence
