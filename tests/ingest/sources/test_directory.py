from __future__ import annotations

import inspect
import os
import socket
import sys
from pathlib import Path

import pytest

from ingest.errors import SourceEmptyError, SourceFormatError
from ingest.formats import is_wanted
from ingest.sources import Downloads, Source, directory, read_source
from ingest.sources.directory import read_directory, read_single_file
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
    (tmp_path / "docs/self.md").symlink_to("self.md")
    (tmp_path / "docs/one.md").symlink_to("two.md")
    (tmp_path / "docs/two.md").symlink_to("one.md")
    found = read(tmp_path / "docs")
    assert [file.path for file in found.files] == ["a.md", "in.md"]
    assert found.failures == (
        "broken.md: is a link that leads to no file",
        "one.md: is a link that leads back to itself",
        "out.md: is a link that leads out of the directory",
        "self.md: is a link that leads back to itself",
        "two.md: is a link that leads back to itself",
    )
    assert found.unread == ()


def test_a_name_that_is_no_text(tmp_path: Path):
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    (tmp_path / os.fsdecode(b"caf\xea.md")).write_text("y")
    found = read(tmp_path)
    assert [(file.path, file.data) for file in found.files] == [("caf\ufffd.md", b"x")]
    assert found.failures == (
        "caf\ufffd.md: has a name that is not UTF-8",
        "caf\ufffd.md: is left out, since another file's name reads the same",
    )


def test_a_name_that_could_write_into_a_citation(tmp_path: Path):
    make_folder(tmp_path, {"a.md": "A", "b\x1b[2J.md": "B", "c\u202e.md": "C"})
    found = read(tmp_path)
    assert [file.path for file in found.files] == ["a.md"]
    assert found.failures == (
        "b\\x1b[2J.md: has control characters in its name",
        "c\\u202e.md: has characters in its name that turn the direction of text",
    )


def test_what_is_no_file_is_not_opened(tmp_path: Path):
    make_folder(tmp_path, {"a.md": "A"})
    os.mkfifo(tmp_path / "fifo.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.md"))
        found = read(tmp_path)
    assert [file.path for file in found.files] == ["a.md"]
    assert found.failures == tuple(
        f"{name}.md: is a pipe, a socket or a device" for name in ("fifo", "socket")
    )
    with pytest.raises(SourceFormatError, match="is a pipe"):
        read_single_file(Source("docs", str(tmp_path / "fifo.md")))


def test_a_folder_that_becomes_a_link_while_a_file_is_opened(tmp_path: Path, monkeypatch):
    docs = make_folder(tmp_path / "docs", {"a.md": "A", "in/b.md": "B"})
    make_folder(tmp_path / "secret", {"b.md": "secret"})
    open_ = os.open

    def swap(path, *given, **named):
        if str(path).endswith("in/b.md"):
            (docs / "in").rename(docs / "was")
            (docs / "in").symlink_to(tmp_path / "secret")
        return open_(path, *given, **named)

    monkeypatch.setattr(os, "open", swap)
    assert [file.data for file in read(docs).files] == [b"A"]


def test_a_folder_that_can_not_be_read_takes_no_pages_away(tmp_path: Path, monkeypatch):
    make_folder(tmp_path, {"a.md": "A", "closed/b.md": "B"})
    scan = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)  # root may read every folder
    found = read(tmp_path)
    assert [file.path for file in found.files] == ["a.md"]
    assert found.failures == ("closed/: could not be read (Permission denied)",)
    assert found.unread == ("closed/",)
    monkeypatch.setattr(os, "scandir", lambda path: scandir(f"{path}/closed"))
    with pytest.raises(SourceFormatError, match=r"can't be read: Permission denied\."):
        read(tmp_path)


def test_its_pages_stay_in_the_index(tmp_path: Path, bench: Bench, monkeypatch):
    names = ("a.md", "closed/b.md", "closed/c/d.md", "closer.md")
    docs = make_folder(tmp_path / "docs", {name: f"# {name}\n\nText." for name in names})
    bench.sync(docs)
    (docs / "closer.md").unlink()
    scan = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = bench.sync(docs, force=True)
    assert (report.removed, report.documents) == (1, 3)
    assert report.failures == ("closed/: could not be read (Permission denied)",)


def close(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Files of these names can't be read; root may read every file."""
    open_ = os.open

    def refused(path, *given, **named):
        if Path(path).name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return open_(path, *given, **named)

    monkeypatch.setattr(os, "open", refused)


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


def test_a_deep_tree_ends_no_sync(tmp_path: Path):
    make_folder(tmp_path, {"a.md": "a", "d/" * 200 + "b.md": "b"})
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 150)  # less than the tree is deep
    try:
        found = read(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert [file.data for file in found.files] == [b"a", b"b"]


def test_a_tree_deeper_than_a_path_may_be_long(tmp_path: Path):
    make_folder(tmp_path, {"a.md": "a"})
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    found = read(tmp_path)
    assert [file.path for file in found.files] == ["a.md"]
    assert found.failures[0].endswith("could not be read (File name too long)")


def test_settings_of_site_makers_are_read_also_in_their_hidden_folder(tmp_path: Path):
    names = (".vitepress/config.ts", ".vitepress/theme/index.ts", ".vitepress/note.md", "a.md")
    make_folder(tmp_path, dict.fromkeys(names, "x"))
    assert [file.path for file in read(tmp_path).files] == [".vitepress/config.ts", "a.md"]


def test_settings_above_a_folder_of_a_repository_are_read(tmp_path: Path):
    names = ("mkdocs.yml", "secret.md", "docs/conf.py", "docs/en/a.md", "docs/.vitepress/config.ts")
    make_folder(tmp_path, dict.fromkeys(names, "x"))
    (tmp_path / "hugo.toml").symlink_to("/etc/hostname")
    found = read(tmp_path / "docs/en")
    assert (found.folder, found.above) == ("", ())
    (tmp_path / ".git").mkdir()
    found = read(tmp_path / "docs/en")
    paths = [file.path for file in found.above]
    assert (found.folder, paths) == (
        "docs/en/",
        ["docs/conf.py", "docs/.vitepress/config.ts", "mkdocs.yml"],
    )
    found = read(tmp_path)
    assert (found.folder, found.above) == ("", ())


def test_a_folder_of_settings_alone_has_no_documents(tmp_path: Path):
    make_folder(tmp_path, {"mkdocs.yml": "site_name: X"})
    with pytest.raises(SourceEmptyError, match="no documents"):
        read(tmp_path)


def test_other_files_are_read_when_pages_include_them(tmp_path: Path):
    files = {"docs/a.md": "a", "docs/x.py": "x", "docs/.gitbook/includes/b.md": "b"}
    make_folder(tmp_path, {**files, "docs/.env": "secret", "secret.py": "secret"})
    docs = tmp_path / "docs"
    (docs / "out.py").symlink_to(tmp_path / "secret.py")
    (docs / "hidden.py").symlink_to(docs / ".env")
    (docs / "in.py").symlink_to(docs / "x.py")
    (docs / "folder.py").mkdir()
    found = read_source(Source("docs", str(docs)), Downloads(tmp_path), is_wanted=is_wanted)
    others = ["out.py", "hidden.py", ".env", "../secret.py", "folder.py", "none.py", "x\0.py"]
    kept = ["x.py", "in.py", ".gitbook/includes/b.md"]
    assert found.read_others([*others, *kept]) == {
        "x.py": b"x",
        "in.py": b"x",
        ".gitbook/includes/b.md": b"b",
    }


def test_included_files_have_limits(tmp_path: Path, monkeypatch):
    make_folder(tmp_path, {"a.md": "a", "b.py": "123456", "c.py": "1234", "d.py": "1234"})
    monkeypatch.setattr(directory, "MAX_INCLUDED_FILE", 5)
    monkeypatch.setattr(directory, "MAX_INCLUDED_FILES", 7)
    assert [*read(tmp_path).read_others(["b.py", "c.py", "d.py"])] == ["c.py"]
