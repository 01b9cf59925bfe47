from __future__ import annotations

import io
import zipfile

import pytest

from ingest.formats import zip_directory
from ingest.formats.zip_directory import has_too_many_entries


def pack(count: int, comment: bytes = b"") -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for number in range(count):
            archive.writestr(f"{number}.md", b"")
    return file


@pytest.mark.parametrize("comment", [b"", b"a comment"])
def test_entries_are_counted_up_to_the_limit(comment):
    assert not has_too_many_entries(pack(3, comment), 3)
    assert has_too_many_entries(pack(4, comment), 3)


def test_a_file_that_is_no_zip_has_none():
    assert not has_too_many_entries(io.BytesIO(b"text"), 0)


def test_a_huge_directory_is_not_read(monkeypatch):
    monkeypatch.setattr(zip_directory, "_MAX_DIRECTORY_BYTES", 10)
    assert has_too_many_entries(pack(1), 3)
