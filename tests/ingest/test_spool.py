from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError
from ingest.spool import (
    Spool,
    StoredFiles,
    StoredTexts,
    hash_data,
    keep_in_memory,
    measure_content,
    read_content,
    read_texts,
)


@given(st.lists(st.binary(max_size=200)))
def test_what_was_kept_is_read_again(many: list[bytes]):
    spool = Spool()
    stored = [spool.keep(data) for data in many]
    assert [read_content(content) for content in stored] == many
    assert [measure_content(content) for content in stored] == list(map(len, many))
    assert [hash_data(content) for content in stored] == list(map(hash_data, many))


def test_equal_bytes_are_equal_wherever_they_lie():
    spool = Spool()
    assert spool.keep(b"one") == spool.keep(b"one") == Spool().keep(b"one")
    assert spool.keep(b"one") != spool.keep(b"two")


def test_the_file_has_no_name_and_goes_with_its_last_reader(tmp_path: Path):
    spool = Spool(tmp_path)
    stored = spool.keep(b"text")
    (file,) = list_files_of(tmp_path)
    assert list(tmp_path.iterdir()) == []
    del spool
    gc.collect()
    assert stored.read() == b"text"
    del stored
    gc.collect()
    assert file not in list_files_of(tmp_path)


def list_files_of(folder: Path) -> list[str]:
    """Return the numbers of open files that lay in a folder."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith(f"{folder}/"):
            found.append(link.name)
    return found


def test_a_folder_that_is_not_there_is_no_reason_to_stop(tmp_path: Path):
    assert Spool(tmp_path / "data" / "missing").keep(b"text").read() == b"text"
    assert list(tmp_path.iterdir()) == []


def test_before_the_first_download_it_lies_in_the_data_folder(tmp_path: Path):
    before = list_files_of(tmp_path)
    spool = Spool(tmp_path / "snapshots")
    assert len(list_files_of(tmp_path)) == len(before) + 1
    assert spool.keep(b"text").read() == b"text"


def test_without_any_folder_the_error_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(IngestError, match="can't be created: No such file or directory"):
        Spool(tmp_path / "gone" / "snapshots")


def test_a_full_disk_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch):
    spool = Spool()

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(IngestError, match="can't be stored in a temporary file: No space left"):
        spool.keep(b"text")


def test_bytes_that_are_missing_are_an_error():
    spool = Spool()
    spool.keep(b"text")
    with pytest.raises(IngestError, match="is cut off"):
        spool.read(2, 10)


def test_a_disk_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch):
    stored = Spool().keep(b"text")

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(IngestError, match="can't be read: Input/output error"):
        stored.read()


def test_files_and_texts_are_mappings():
    spool = Spool()
    files = StoredFiles({"a.md": spool.keep(b"a"), "b.md": b"b"})
    assert dict(files) == {"a.md": b"a", "b.md": b"b"}
    assert "a.md" in files
    assert "c.md" not in files
    links = {"a.md": "https://example.com/a", "ü": "https://example.com/u"}
    for keep in (spool.keep, keep_in_memory):
        texts = StoredTexts(links, keep)
        assert texts == links
        assert texts["ü"] == links["ü"]
        assert len(texts) == 2
        assert read_texts(texts) == links
    assert read_texts(links) == links


def test_a_system_without_reads_at_a_place_keeps_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "pread")
    monkeypatch.delattr(os, "pwrite")
    spool = Spool()
    stored = [spool.keep(data) for data in (b"first", b"", b"second")]
    assert [each.read() for each in reversed(stored)] == [b"second", b"", b"first"]
    assert spool.keep(b"third").read() == b"third"
