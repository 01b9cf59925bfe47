from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

import pytest

from ingest.errors import SourceEmptyError, SourceFormatError
from ingest.formats import is_wanted
from ingest.sources import Source
from ingest.sources.directory import read_directory
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder


def read(folder: Path, url: str = ""):
    return read_directory(Source("docs", str(folder), url), is_wanted=is_wanted)


def test_documents_are_read_in_order_and_the_rest_is_left(tmp_path: Path):
    make_folder(
        tmp_path / "docs",
        {
            "b.md": "b",
            "a/x.MD": "x",
            "Variables.json": "{}",
            "logo.png": b"\x89",
            ".git/notes.md": "no",
            ".hidden.md": "no",
            "node_modules/p/README.md": "no",
        },
    )
    found = read(tmp_path / "docs")
    assert [file.path for file in found.files] == ["Variables.json", "a/x.MD", "b.md"]
    assert found.files[1].url == (tmp_path / "docs/a/x.MD").as_uri()
    assert found.failures == ()


def test_the_template_makes_urls(tmp_path: Path):
    make_folder(tmp_path, {"en/faq.md": "x"})
    found = read(tmp_path, "https://docs.example/{stem}.md")
    assert found.files[0].url == "https://docs.example/faq.md"


def test_no_documents(tmp_path: Path):
    make_folder(tmp_path, {"logo.png": b"\x89"})
    with pytest.raises(SourceEmptyError, match="no documents"):
        read(tmp_path)


def test_a_link_that_leads_out_is_left(tmp_path: Path):
    make_folder(tmp_path, {"secret.md": "s", "docs/a.md": "a"})
    (tmp_path / "docs/out.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "docs/in.md").symlink_to(tmp_path / "docs/a.md")
    (tmp_path / "docs/broken.md").symlink_to(tmp_path / "docs/nothing.md")
    assert [file.path for file in read(tmp_path / "docs").files] == ["a.md", "in.md"]


def test_a_name_that_is_no_text(tmp_path: Path):
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    assert [file.path for file in read(tmp_path).files] == ["caf\ufffd.md"]


def test_a_folder_that_can_not_be_read_takes_no_pages_away(tmp_path: Path, monkeypatch):
    make_folder(tmp_path, {"a.md": "A", "closed/b.md": "B"})
    scan = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)  # root may read every folder
    with pytest.raises(SourceFormatError, match=r"closed can't be read: Permission denied\."):
        read(tmp_path)


def close(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Files of these names can't be read; root may read every file."""
    open_file = Path.open

    def refused(path: Path, mode: str = "r") -> IO[Any]:
        if path.name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return open_file(path, mode)

    monkeypatch.setattr(Path, "open", refused)


def test_a_file_that_can_not_be_read_is_there_all_the_same(tmp_path: Path, monkeypatch):
    make_folder(tmp_path, {"a.md": "A", "b.md": "B"})
    close(monkeypatch, "b.md")
    found = read(tmp_path)
    assert [file.path for file in found.files] == ["a.md"]
    assert found.unread == ("b.md",)
    assert found.failures == ("b.md: could not be read (Permission denied)",)
    close(monkeypatch, "a.md", "b.md")
    with pytest.raises(SourceFormatError, match=r"md can't be read: Permission denied\."):
        read(tmp_path)


def test_its_page_stays_in_the_index(tmp_path: Path, bench: Bench, monkeypatch):
    docs = make_folder(tmp_path / "docs", {"a.md": "# A\n\nOld.", "b.md": "# B\n\nOf old."})
    bench.sync(docs)
    make_folder(docs, {"a.md": "# A\n\nNew."})
    with monkeypatch.context() as closed:
        close(closed, "b.md")
        report = bench.sync(docs)
        assert (report.changed, report.removed, report.documents) == (1, 0, 2)
        assert report.failures == ("b.md: could not be read (Permission denied)",)
        assert bench.sync(docs).unchanged
    (docs / "b.md").unlink()
    assert bench.sync(docs, force=True).removed == 1
