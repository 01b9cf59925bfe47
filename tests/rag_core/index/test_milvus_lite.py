from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from rag_core.errors import (
    SettingsError,
    StoreFormatError,
    StoreLockedError,
    StoreUnavailableError,
)
from rag_core.index.milvus_lite import check_directory

HOLDER = """
import fcntl, sys
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    """Another process locks the directory, as Milvus Lite does, until the block ends."""
    path.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOLDER, str(path / "LOCK")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "held\n"
        yield
        child.stdin.close()


def test_a_new_path_can_be_used_and_its_parent_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "milvus.db"
    check_directory(path)
    assert path.parent.is_dir()
    assert not path.exists()


def test_an_empty_directory_can_be_used(tmp_path):
    path = tmp_path / "milvus.db"
    path.mkdir()
    check_directory(path)


def test_a_directory_that_another_process_holds(tmp_path):
    path = tmp_path / "milvus.db"
    with (
        held_by_another_process(path),
        pytest.raises(StoreLockedError, match=r"^Another process holds the index .*milvus\.db"),
    ):
        check_directory(path)
    check_directory(path)  # now it is free


@pytest.mark.parametrize("name", ["milvus", "milvus.sqlite", "localhost:19530"])
def test_a_name_that_does_not_end_in_db(tmp_path, name):
    with pytest.raises(SettingsError, match=r"^DOCENT_MILVUS_URI is .* must end in \.db"):
        check_directory(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_an_older_version_is_left_alone(tmp_path):
    path = tmp_path / "milvus.db"
    path.write_bytes(b"SQLite format 3\0")
    with pytest.raises(StoreFormatError, match="is a file"):
        check_directory(path)
    assert path.read_bytes() == b"SQLite format 3\0"


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    path = tmp_path / "photos.db"
    path.mkdir()
    (path / "holiday.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(StoreFormatError, match="files that are not Milvus Lite's"):
        check_directory(path)
    assert [file.name for file in path.iterdir()] == ["holiday.jpg"]


def test_a_live_version_without_its_schema(tmp_path):
    path = tmp_path / "milvus.db"
    for collection in ("docent__v1", "docent__v2"):
        (path / "collections" / collection).mkdir(parents=True)
    (path / "LOCK").touch()
    (path / "aliases.json").write_text('{"docent": "docent__v2"}')
    with pytest.raises(StoreFormatError, match="is damaged: move it away, and run `docent index`"):
        check_directory(path)
    # One that is not live may be what is left of a process that was killed.
    (path / "collections" / "docent__v2" / "schema.json").write_text("{}")
    check_directory(path)


def test_a_path_below_a_file(tmp_path):
    (tmp_path / "notes").write_text("")
    with pytest.raises(StoreUnavailableError, match=r"can't be opened \(.+\): check DOCENT_MILVUS"):
        check_directory(tmp_path / "notes" / "deep" / "milvus.db")


def lock_as_windows(descriptor: int, mode: int, count: int) -> None:
    """Lock as `msvcrt.locking` does, which has an error of its own for a file in use."""
    assert (mode, count) == (2, 1)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermissionError(errno.EACCES, "Permission denied") from error


def test_windows_locks_in_another_way(tmp_path, monkeypatch):
    windows = SimpleNamespace(locking=lock_as_windows, LK_NBLCK=2)
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    path = tmp_path / "milvus.db"
    with held_by_another_process(path), pytest.raises(StoreLockedError):
        check_directory(path)
    check_directory(path)
