from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from ingest.errors import SourceEmptyError, SourceFormatError, SourceNotFoundError
from ingest.formats import is_wanted
from ingest.sources import Source, archive
from tests.ingest.fakes import make_zip


def read(path: Path, url: str = ""):
    return archive.read_archive(Source("docs", str(path), url), path, wanted=is_wanted)


def test_documents_are_read_in_order(tmp_path: Path):
    path = make_zip(
        tmp_path / "d.zip",
        {"en/b.md": "b", "en/a b.md": "a", "en/x.png": b"", "__MACOSX/en/a.md": "no"},
    )
    found = read(path)
    assert [(file.path, file.data) for file in found.files] == [
        ("en/a b.md", b"a"),
        ("en/b.md", b"b"),
    ]
    assert found.files[0].url == f"{path.as_uri()}#en/a%20b.md"


def test_no_such_file(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"nothing\.zip"):
        read(tmp_path / "nothing.zip")


def test_not_a_zip(tmp_path: Path):
    path = tmp_path / "d.zip"
    path.write_text("# Not an archive")
    with pytest.raises(SourceFormatError, match=r"d\.zip is not a readable zip"):
        read(path)


def test_cut_off(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": "text " * 1000})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceFormatError):
        read(path)


def test_damaged_entry_is_named(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": bytes(range(256)) * 20})
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    with pytest.raises(SourceFormatError, match=r"a\.md"):
        read(path)


def test_no_documents(tmp_path: Path):
    with pytest.raises(SourceEmptyError, match="no documents"):
        read(make_zip(tmp_path / "d.zip", {"x.png": b"1"}))


@pytest.mark.parametrize(
    "name", ["../evil.md", "en/../../evil.md", "..\\evil.md", "/etc/evil.md", "C:/evil.md"]
)
def test_a_path_that_leads_out_is_refused_by_name(tmp_path: Path, name: str):
    path = make_zip(tmp_path / "d.zip", {"good.md": "x", name: "x"})
    with pytest.raises(SourceFormatError, match=r"evil\.md"):
        read(path)


def test_a_link_is_refused_by_name(tmp_path: Path):
    path = tmp_path / "d.zip"
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(SourceFormatError, match=r"link\.md' is a link"):
        read(path)


def test_a_bomb_is_refused_by_ratio(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"bomb.md": b"\0" * (4 * 2**20)})
    with pytest.raises(SourceFormatError, match=r"bomb\.md' expands"):
        read(path)


def test_a_bomb_is_refused_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 150)
    path = make_zip(tmp_path / "d.zip", {"a.md": "a" * 100, "b.md": "b" * 100})
    with pytest.raises(SourceFormatError, match=r"b\.md' is too large"):
        read(path)


def test_a_bomb_is_refused_by_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    path = make_zip(tmp_path / "d.zip", {f"{n}.md": "x" for n in range(3)})
    with pytest.raises(SourceFormatError, match="3 entries"):
        read(path)


def test_an_entry_that_lies_about_its_size(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": b"a" * 5000})
    real, lie = (5000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(real, lie))
    with pytest.raises(SourceFormatError, match=r"a\.md"):
        read(path)


def test_two_megabytes_of_prose_are_no_bomb(tmp_path: Path):
    lines = "\n".join(f"Line {n} of a long page." for n in range(90_000))
    found = read(make_zip(tmp_path / "d.zip", {"a.md": lines}))
    assert len(found.files[0].data) > 2_000_000


def test_two_entries_of_one_name(tmp_path: Path):
    path = tmp_path / "d.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("a.md", "first")
        with pytest.warns(UserWarning, match="Duplicate"):
            opened.writestr("a.md", "second")
    found = read(path)
    assert [file.data for file in found.files] == [b"second"]
    assert found.failures == ("a.md: 2 entries have this name; the last one is read",)


def test_neither_zip_nor_document(tmp_path: Path):
    path = tmp_path / "logo.png"
    path.write_bytes(b"\x89")
    with pytest.raises(SourceFormatError, match="a zip file or a document"):
        read(path)
