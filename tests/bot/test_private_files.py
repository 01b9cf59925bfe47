"""docent's files are for its own user, and nothing else is changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot import private_files
from bot.private_files import check_env_file, make_private
from ingest.settings import IngestSettings
from rag_core.errors import SettingsError


def mode_of(path: Path) -> int:
    return path.lstat().st_mode & 0o7777


def put(path: Path, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    path.chmod(mode)
    return path


def open_to_all(folder: Path) -> None:
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        path.chmod(0o755)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in (
        "milvus.db/LOCK",
        "milvus.db/collections/a/schema.json",
        "milvus.state.sqlite",
        "milvus.state.sqlite-wal",
        "snapshots/0123456789abcdef.git/objects/pack/a.pack",
        "snapshots/0123456789abcdef.archive",
    ):
        put(folder / name)
    open_to_all(folder)
    return folder


def test_all_of_the_data_folder_is_made_private_once(data: Path):
    (line,) = make_private(IngestSettings.load())
    assert str(data) in line
    assert "14 files and folders" in line
    for path in (data, *data.rglob("*")):
        assert mode_of(path) == (0o700 if path.is_dir() else 0o600), path
    assert make_private(IngestSettings.load()) == []


def test_a_shared_folder_keeps_its_mode_and_its_other_files(data: Path):
    others = put(data / "report.pdf")
    make_private(IngestSettings.load())
    assert (mode_of(data), mode_of(others)) == (0o755, 0o644)
    assert mode_of(data / "milvus.db") == 0o700
    assert mode_of(data / "milvus.state.sqlite-wal") == 0o600
    assert mode_of(data / "snapshots/0123456789abcdef.git/objects/pack/a.pack") == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o2775])
def test_a_shared_folder_that_others_can_change_is_a_line(data: Path, mode: int):
    put(data / "report.pdf")
    make_private(IngestSettings.load())
    data.chmod(mode)
    (line,) = make_private(IngestSettings.load())
    assert "such as report.pdf: run `chmod 700" in line
    assert mode_of(data) == mode
    data.chmod(0o700)
    assert make_private(IngestSettings.load()) == []


@pytest.mark.parametrize("mode", [0o1777, 0o755])
def test_a_shared_folder_that_others_can_not_change_is_none(data: Path, mode: int):
    put(data / "report.pdf")
    make_private(IngestSettings.load())
    data.chmod(mode)
    assert make_private(IngestSettings.load()) == []


@pytest.mark.parametrize("mark", ["milvus.db/LOCK", "milvus.state.sqlite", "other.db/LOCK"])
def test_a_folder_is_docents_own_by_its_database(tmp_path: Path, mark: str):
    folder = tmp_path / "data"
    put(folder / "snapshots" / "photo.jpg")
    folder.chmod(0o755)
    make_private(IngestSettings.load())
    assert mode_of(folder) == 0o755
    put(folder / mark)
    make_private(IngestSettings.load())
    assert mode_of(folder) == 0o700


def test_another_folder_named_snapshots_is_not_docents(tmp_path: Path):
    put(tmp_path / "shared" / "notes.txt")
    photo = put(tmp_path / "shared" / "snapshots" / "photo.jpg")
    (tmp_path / "shared" / "snapshots").chmod(0o755)
    assert make_private(IngestSettings.load(milvus_uri="shared/milvus.db")) == []
    assert (mode_of(photo), mode_of(photo.parent)) == (0o644, 0o755)


@pytest.mark.parametrize("mode", [0o1777, 0o1755])
def test_a_temporary_folder_keeps_its_mode(data: Path, mode: int):
    data.chmod(mode)
    make_private(IngestSettings.load())
    assert mode_of(data) == mode


def test_the_working_folder_and_the_home_keep_their_modes(
    data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(data)
    make_private(IngestSettings.load(milvus_uri="milvus.db"))
    assert mode_of(data) == 0o755
    assert mode_of(data / "milvus.state.sqlite") == 0o600
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", str(data))
    make_private(IngestSettings.load(milvus_uri="~/milvus.db"))
    assert mode_of(data) == 0o755


def test_links_are_not_followed(data: Path, tmp_path: Path):
    target = put(tmp_path / "elsewhere" / "book.md")
    (data / "snapshots" / "0123456789abcdef.site").symlink_to(target.parent)
    (data / "milvus.db" / "link").symlink_to(target)
    target.parent.chmod(0o755)
    make_private(IngestSettings.load())
    assert (mode_of(target), mode_of(target.parent)) == (0o644, 0o755)


def test_a_file_of_another_user_is_left_with_a_line(data: Path, monkeypatch: pytest.MonkeyPatch):
    make_private(IngestSettings.load())
    put(data / "milvus.state.sqlite")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    lines = make_private(IngestSettings.load())
    assert any("of another user, which docent left as they are" in line for line in lines)
    assert mode_of(data / "milvus.state.sqlite") == 0o644


def test_a_state_database_elsewhere_is_made_private_alone(tmp_path: Path):
    state = put(tmp_path / "var" / "state.sqlite")
    beside = put(tmp_path / "var" / "other.sqlite")
    state.parent.chmod(0o755)
    make_private(IngestSettings.load(state_url=f"sqlite:///{state}"))
    assert (mode_of(state), mode_of(beside), mode_of(state.parent)) == (0o600, 0o644, 0o755)


def test_nothing_is_made_where_nothing_is(tmp_path: Path):
    settings = IngestSettings.load(milvus_uri="http://127.0.0.1:1", state_url="postgresql://h/d")
    assert make_private(settings) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777, 0o664])
def test_settings_that_others_can_change_are_refused(mode: int):
    put(Path(".env"), mode)
    with pytest.raises(SettingsError, match=r"run `chmod 600 \.env`\.$"):
        check_env_file()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o440])
def test_settings_that_others_can_read_are_a_warning(mode: int):
    put(Path(".env"), mode)
    assert "chmod 600 .env" in check_env_file()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_private_settings_are_taken(mode: int):
    put(Path(".env"), mode)
    assert check_env_file() == ""


def test_settings_of_another_user_are_refused(monkeypatch: pytest.MonkeyPatch):
    path = put(Path(".env"), 0o600)
    status = os.stat_result((0o100600, 0, 0, 1, 12345, 0, 1, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda _: status)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    with pytest.raises(SettingsError, match="belongs to another user"):
        check_env_file(path)


def test_no_settings_are_no_fault():
    assert check_env_file() == ""


def test_a_system_without_user_numbers_has_no_modes_to_judge(
    data: Path, monkeypatch: pytest.MonkeyPatch
):
    env = data / ".env"
    env.write_text("")
    env.chmod(0o666)
    monkeypatch.setattr(private_files, "_HAS_MODES", False)
    assert private_files.check_env_file(env) == ""
    assert private_files.make_private(IngestSettings.load()) == []
    assert env.stat().st_mode & 0o777 == 0o666


def test_a_folder_in_place_of_the_settings_is_told(tmp_path: Path):
    (tmp_path / ".env").mkdir(mode=0o777)
    (tmp_path / ".env").chmod(0o777)
    assert ".env is a folder, so docent reads no settings" in check_env_file(tmp_path / ".env")
