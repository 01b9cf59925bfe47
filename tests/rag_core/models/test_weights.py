from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from rag_core.errors import ModelError, ModelUnavailableError, RerankerError
from rag_core.models.weights import locate_model, translate_load_errors
from tests.conftest import ROOT
from tests.servers.hub import REVISION, Hub

WEIGHTS = save({"a": torch.ones(3)})


def test_offline():
    with pytest.raises(ModelUnavailableError) as caught:
        locate_model("Qwen/Qwen3-Embedding-0.6B")
    assert_helpful(str(caught.value), os.environ["HF_HOME"])


def locate(model: str, endpoint: str, cache: Path, revision: str = "") -> str:
    """The folder or the sentence, in a process of its own: the client reads its settings once."""
    program = (
        "import sys\n"
        "from rag_core.errors import ModelError\n"
        "from rag_core.models.weights import locate_model\n"
        "try:\n    print(locate_model(sys.argv[1], sys.argv[2] or None))\n"
        "except ModelError as error:\n    print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, model, revision],
        env=os.environ | {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": endpoint, "HF_HOME": str(cache)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_a_refused_connection(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert_helpful(locate("Qwen/Qwen3-Embedding-0.6B", closed, tmp_path), str(tmp_path))


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
    (snapshot / "model.safetensors").write_bytes(WEIGHTS[:-1])
    with pytest.raises(
        ModelUnavailableError, match=r"lacks model\.safetensors \(missing or damaged"
    ):
        locate_model("some/model")
    (snapshot / "model.safetensors").write_bytes(WEIGHTS)
    assert locate_model("some/model") == snapshot


@pytest.mark.parametrize("by_folder", [False, True])
def test_an_interrupted_download_is_completed_at_its_revision(tmp_path, by_folder):
    names = ["model-1.safetensors", "model-2.safetensors", "model-3.safetensors"]
    index = {"weight_map": {f"w{number}": name for number, name in enumerate(names)}}
    files = {"config.json": b"{}", "model.safetensors.index.json": json.dumps(index).encode()}
    files |= {name: save({name: torch.ones(3)}) for name in names}  # each a blob of its own
    with Hub("some/model", files) as hub:
        snapshot = Path(locate("some/model", hub.url, tmp_path))
        assert snapshot.name == REVISION
        assert sorted(hub.downloads) == sorted(files)
        hub.downloads.clear()
        (snapshot / names[0]).resolve().unlink()
        (snapshot / names[0]).unlink()
        (snapshot / names[1]).resolve().write_bytes(files[names[1]][:-1])
        (snapshot / names[2]).resolve().write_bytes(b"")
        model = str(snapshot) if by_folder else "some/model"
        hub.latest = "f" * 40  # there is a newer revision by now
        assert locate(model, hub.url, tmp_path) == str(snapshot)
        assert sorted(hub.downloads) == names
        assert {name: (snapshot / name).read_bytes() for name in files} == files
        hub.downloads.clear()
        assert locate(model, hub.url, tmp_path) == str(snapshot)
        assert hub.downloads == []
        (snapshot / names[1]).resolve().write_bytes(b"")
    said = locate(model, hub.url, tmp_path)  # the hub is gone
    assert f"The model some/model lacks {names[1]} (missing or damaged) in the cache" in said
    assert "\n" not in said


WHOLE = {"config.json": b"{}", "model.safetensors": WEIGHTS}


def test_a_pinned_revision_is_taken_whatever_is_in_the_cache(tmp_path):
    pinned = "a" * 40
    with Hub("some/model", WHOLE) as hub:
        newest = locate("some/model", hub.url, tmp_path)
        assert Path(newest).name == REVISION
        folder = locate("some/model", hub.url, tmp_path, pinned)
        assert Path(folder).name == pinned
        assert locate("some/model", hub.url, tmp_path) == newest
    # Without the hub both are in the cache, and a third one is not.
    assert locate("some/model", hub.url, tmp_path, pinned) == folder
    said = locate("some/model", hub.url, tmp_path, "b" * 40)
    assert f"The model some/model at revision {'b' * 40} is not in the cache" in said


def test_a_hub_that_gives_another_revision_is_not_believed(tmp_path, monkeypatch):
    with Hub("some/model", WHOLE) as hub:
        monkeypatch.setattr(hub, "_find_revision", lambda _: "c" * 40)
        said = locate("some/model", hub.url, tmp_path, "a" * 40)
    assert "The model some/model lacks config.json, model.safetensors (missing or dam" in said


def test_pickles_and_code_are_not_even_downloaded(tmp_path):
    more = {"pytorch_model.bin": b"1", "x/optimizer.pt": b"2", "modeling_x.py": b"3"}
    with Hub("some/model", WHOLE | more) as hub:
        locate("some/model", hub.url, tmp_path)
        assert sorted(hub.downloads) == sorted(WHOLE)


def test_a_hub_with_nothing_but_pickles(tmp_path):
    with Hub("some/model", {"config.json": b"{}", "pytorch_model.bin": b"1"}) as hub:
        said = locate("some/model", hub.url, tmp_path)
    assert "has its weights in another form and not as safetensors" in said


def test_a_folder_has_no_revision(tmp_path):
    for name, content in WHOLE.items():
        (tmp_path / name).write_bytes(content)
    assert locate_model(str(tmp_path)) == tmp_path
    with pytest.raises(ModelError, match="is a folder, which has no revisions"):
        locate_model(str(tmp_path), "main")


def test_a_folder_of_ones_own_that_lacks_files(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    weights = {f"w{n}": f"model-{n}.safetensors" for n in range(5)}
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weights}))
    with pytest.raises(ModelError) as caught:
        locate_model(str(tmp_path))
    names = "model-0.safetensors, model-1.safetensors, model-2.safetensors and 2 more"
    said = f"can't be read, because it lacks {names} (missing or damaged): copy"
    assert said in str(caught.value)


@pytest.mark.parametrize("content", [b"[]", b"null", "{}".encode("utf-16"), b"[" * 100_000])
@pytest.mark.parametrize("name", ["config.json", "modules.json"])
def test_a_folder_with_settings_of_another_shape(tmp_path, name, content):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    (tmp_path / name).write_bytes(b"{}" if (name, content) == ("modules.json", b"[]") else content)
    said = rf"because it lacks {name} \(missing or damaged\): copy"
    with pytest.raises(ModelError, match=said):
        locate_model(str(tmp_path))


@pytest.mark.parametrize("error", [Exception("no merges"), EOFError(), KeyError("a"), OSError()])
def test_every_error_of_a_loader_is_a_sentence(tmp_path, error):
    with pytest.raises(ModelError, match="can't be read"), translate_load_errors("m", tmp_path):
        raise error


def test_a_missing_package_is_named(tmp_path):
    said = r"needs a package that is not installed \(No module named 'peft'\): install it"
    with pytest.raises(ModelError, match=said), translate_load_errors("m", tmp_path):
        raise ImportError("No module named 'peft'")


def test_an_error_of_docent_stays_as_it_is(tmp_path):
    with pytest.raises(RerankerError, match=r"^no$"), translate_load_errors("m", tmp_path):
        raise RerankerError("no")


def assert_helpful(sentence: str, cache: str) -> None:
    assert "Qwen/Qwen3-Embedding-0.6B" in sentence
    assert cache in sentence
    assert "DOCENT_PROFILE=starter" in sentence
    assert "\n" not in sentence
