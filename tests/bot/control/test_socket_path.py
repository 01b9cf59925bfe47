"""The socket of a deep data folder lies in a temporary folder of this user alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from bot.control.server import ControlServer
from bot.control.socket_path import build_socket_path, is_safe_folder
from bot.errors import ControlError
from ingest.settings import IngestSettings


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings = IngestSettings.load(milvus_uri=f"{'deep/' * 30}milvus.db")
    path = build_socket_path(settings)
    assert path is not None
    assert path.is_relative_to(tmp_path)
    return path


def test_a_folder_that_another_could_change_is_refused(path: Path):
    path.parent.mkdir()
    path.parent.chmod(0o777)
    assert not is_safe_folder(path.parent)
    with pytest.raises(ControlError, match="is open to another user of this machine"):
        ControlServer(path, executor=None).start()
    assert not path.exists()


def test_a_link_to_another_folder_is_refused(path: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    path.parent.symlink_to(tmp_path / "elsewhere")
    assert not is_safe_folder(path.parent)


def test_a_folder_of_this_user_alone_is_taken(path: Path):
    path.parent.mkdir(mode=0o700)
    assert is_safe_folder(path.parent)
    assert is_safe_folder(path.parent.parent)
