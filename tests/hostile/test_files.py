"""Folders, archives and repositories of a hostile owner, through a real sync."""

from __future__ import annotations

import io
import os
import re
import socket
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest.errors import SourceError, SourceFormatError
from ingest.sources import Source
from ingest.state.ledger import Ledger
from rag_core.errors import SettingsError
from tests.hostile.attacks import Attack, each_attack
from tests.ingest.conftest import Bench, sources_of
from tests.ingest.fakes import make_folder
from tests.servers.git import Repository

SECRET = "The canary sings outside."
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
MODES = {
    "link": stat.S_IFLNK,
    "pipe": stat.S_IFIFO,
    "socket": stat.S_IFSOCK,
    "device": stat.S_IFCHR,
    "disk": stat.S_IFBLK,
}
TAR_TYPES = {
    "link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
    "disk": tarfile.BLKTYPE,
    "unknown": b"Z",
}


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Bench:
    return Bench(Ledger(engine, index="docent"), tmp_path)


def list_files(attack: Attack) -> Iterator[tuple[str, str, str]]:
    """Yield path, kind and content or target of each file of an attack."""
    yield "good.md", "file", "# Good\n\nThe good page."
    for file in attack["files"]:
        path = file.get("path", "") + "a" * file.get("letters", 0)
        path = "d/" * file.get("folders", 0) + path + file.get("end", "")
        path = path or os.fsdecode(bytes.fromhex(file["bytes"]))
        page = "# Page\n\nAn odd page." + " " * file.get("mebibytes", 0) * 2**20
        yield path, file.get("kind", "file"), file.get("to", page)


def make_tree(root: Path, attack: Attack) -> Path:
    for path, kind, content in list_files(attack):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "file":
                place.write_text(content.replace("{outside}", str(root.parent / "outside")))
            case "link":
                place.symlink_to(content.replace("{outside}", str(root.parent / "outside")))
            case "pipe":
                os.mkfifo(place)
            case "socket":
                bind_socket(place)
            case "folder":
                place.mkdir()
            case "closed":
                place.mkdir()
                place.chmod(0)
    return root


def bind_socket(place: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)  # a socket's path may be no longer than 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(place.name)
    finally:
        os.chdir(here)


def make_zip(root: Path, attack: Attack) -> Path:
    archive = root.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as opened:
        for path, kind, content in list_files(attack):
            info = zipfile.ZipInfo("x")
            info.filename = path  # the constructor would clean it
            info.external_attr = (MODES.get(kind, stat.S_IFREG) | 0o644) << 16
            opened.writestr(info, content)
    return archive


def make_tar(root: Path, attack: Attack) -> Path:
    archive = root.with_suffix(".tar")
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as opened:
        for path, kind, content in list_files(attack):
            member = tarfile.TarInfo(path)
            if not path.isascii() or UNPRINTABLE.search(path):
                member.pax_headers = {"path": path}
            member.type = TAR_TYPES.get(kind, tarfile.REGTYPE)
            data = content.encode() if kind == "file" else b""
            member.linkname, member.size = content if kind != "file" else "", len(data)
            opened.addfile(member, io.BytesIO(data))
    return archive


def make_repository(root: Path, attack: Attack) -> str:
    """A repository whose tree git itself would not write."""
    made = Repository(root)

    def store(data: bytes, kind: str) -> bytes:
        command = ["git", "hash-object", "-w", "--literally", "-t", kind, "--stdin"]
        done = subprocess.run(command, cwd=root, input=data, capture_output=True, check=True)
        return done.stdout.strip()

    modes = {"link": b"120000", "submodule": b"160000"}
    entries = []
    for path, kind, content in list_files(attack):
        blob = b"1" * 40 if kind == "submodule" else store(content.encode(), "blob")
        name = os.fsencode(path)
        entries.append((name, modes.get(kind, b"100644") + b" " + name, blob))
    tree = b"".join(
        head + b"\0" + bytes.fromhex(blob.decode()) for _, head, blob in sorted(entries)
    )
    commit = made.git("commit-tree", "-m", "A change", store(tree, "tree").decode())
    made.git("update-ref", "refs/heads/main", commit)
    for key, value in attack.get("config", {}).items():
        made.git("config", key, value.replace("{ran}", str(root.parent / "ran")))
    for hook in attack.get("hooks", ()):
        file = root / ".git/hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {root.parent}/ran\n")
        file.chmod(0o755)
    return f"git+file://{root}"


MAKERS: dict[str, Callable[[Path, Attack], str | Path]] = {
    "folder": make_tree,
    "zip": make_zip,
    "tar": make_tar,
    "git": make_repository,
}


def make_source(attack: Attack, root: Path) -> Source:
    if "uri" in attack:
        made = attack["uri"].replace("{tree}", str(make_tree(root, attack)))
        made = made.replace("{ran}", str(root.parent / "ran"))
    else:
        made = str(MAKERS[attack["way"]](root, attack))
    return sources_of(made)[0]


@each_attack("files")
def test_an_owner_of_files_gets_nothing_but_a_line(
    attack: Attack, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    outside = make_folder(tmp_path / "outside", {"secret.md": f"# S\n\n{SECRET}"})
    (tmp_path / "closed").mkdir()
    neighbour = make_folder(tmp_path / "neighbour", {"n.md": "# N\n\nThe neighbour's page."})
    scan = os.scandir

    def scandir(path: str | Path) -> Iterator[os.DirEntry[str]]:
        if not stat.S_IMODE(Path(path).stat().st_mode):
            raise PermissionError(13, "Permission denied", str(path))  # root may list all
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    try:
        sources = (make_source(attack, tmp_path / "docs"), *sources_of(neighbour))
        report = bench.indexer().sync(sources)
    except (SettingsError, SourceFormatError) as error:  # refused before the sync
        failures, texts, chunks = (str(error),), [], []
    else:
        failures, texts, chunks = report.failures, bench.store.texts(), bench.store.live_chunks()
        assert "The neighbour's page." in texts
        assert ("The good page." in texts) is not attack.get("refused", False)

    assert texts.count("An odd page.") == attack.get("read", 0)
    assert bool(failures) == ("line" in attack), failures
    assert attack.get("line", "") in "\n".join(failures)
    shown = [*failures, *(chunk.path for chunk in chunks), *(chunk.url for chunk in chunks)]
    assert not any(UNPRINTABLE.search(text) for text in shown)
    assert max(map(len, failures), default=0) < 400
    # Nothing was read from outside, written there, or run.
    assert SECRET not in "\n".join(texts)
    assert [file.name for file in outside.iterdir()] == ["secret.md"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("target", ["pipe.md", "loop.md", "/dev/zero"])
def test_a_source_that_is_no_document(bench: Bench, tmp_path: Path, target: str):
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "loop.md").symlink_to("loop.md")
    with pytest.raises(SourceError, match=r"is not a directory|Too many levels"):
        bench.sync(tmp_path / target)
