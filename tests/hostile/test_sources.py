"""Attacks by the owner of a source, or of its DNS, through a real sync."""

from __future__ import annotations

import io
import ipaddress
import json
import os
import socket
import tarfile
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine
from tenacity import wait_none

from ingest.changes.survey import SyncOptions
from ingest.report import IngestReport
from ingest.sources import Downloads, Network, Source, parse_sources
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from tests.hostile.attacks import Attack, read_attacks
from tests.ingest.fakes import HashEmbedder, MemoryStore, make_folder, make_zip
from tests.servers.git import Repository

ATTACKS = read_attacks("sources")
TYPES = {
    "symlink": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
}


def each(way: str) -> pytest.MarkDecorator:
    chosen = [attack for attack in ATTACKS if attack["way"] == way]
    return pytest.mark.parametrize("attack", chosen, ids=[attack["name"] for attack in chosen])


class Sync:
    """A sync of a hostile source beside a folder that is none, in a network that notes calls."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.connects: set[str] = set()
        self.store = MemoryStore()
        self.folder = folder
        self._engine = engine
        make_folder(folder / "good", {"good.md": "# Good\n\nGood page."})
        (folder / "secret.md").write_text("# Secret\n\nCanary.")

    def run(self, attack: Attack, *sources: Source) -> IngestReport:
        def resolve(host: str, _: int) -> tuple[str, ...]:
            return tuple(attack.get("dns", {}).get(host) or [str(ipaddress.ip_address(host))])

        def answer(request: httpx2.Request) -> httpx2.Response:
            self.connects.add(request.url.host)
            if request.url.path != "/robots.txt" and "leads_to" in attack:
                return httpx2.Response(302, headers={"location": attack["leads_to"]})
            return httpx2.Response(404)

        network = Network(
            transport=lambda: httpx2.MockTransport(answer),
            resolve=resolve,
            wait=wait_none(),
            sleep=lambda _: None,
        )
        indexer = Indexer(
            self.store,
            HashEmbedder(),
            Ledger(self._engine, index="docent"),
            Downloads(self.folder / "snapshots", network=network),
            schema=1,
        )
        good = parse_sources(str(self.folder / "good"))
        return indexer.sync((*good, *sources), progress=lambda _: None, options=SyncOptions())

    def check(self, attack: Attack, report: IngestReport, *, pages: int = 1) -> None:
        lines = [line for line in report.failures if attack["said"] in line]
        assert lines, report.failures
        assert all(line.isprintable() for line in report.failures)
        assert report.documents == pages
        assert "Canary" not in str(self.store.texts())
        assert all(chunk.path.isprintable() for chunk in self.store.live_chunks())
        assert self.connects == set(attack.get("connects", ()))


@pytest.fixture
def sync(engine: Engine, tmp_path: Path) -> Sync:
    return Sync(engine, tmp_path)


@each("address")
def test_no_address_is_connected_to_that_nobody_chose(sync: Sync, attack: Attack, monkeypatch):
    # No git is on the path: one that was started would be missed in the report.
    monkeypatch.setenv("PATH", str(sync.folder))
    options = {"uri": attack["uri"], "allow_private": attack.get("allow_private", False)}
    report = sync.run(attack, *parse_sources(json.dumps([options])))
    sync.check(attack, report)
    assert len(report.unread) == 1


def fill_folder(folder: Path, attack: Attack, stack: ExitStack) -> None:
    make_folder(folder, {"page.md": "# Page\n\nBeside it."})
    make_folder(folder, dict.fromkeys(attack.get("files", ()), "# Odd\n\nOdd."))
    for name, target in attack.get("links", {}).items():
        (folder / name).symlink_to(target)
    for name in attack.get("fifos", ()):
        os.mkfifo(folder / name)
    for name in attack.get("sockets", ()):
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(folder / name))


@each("directory")
def test_only_pages_of_a_directory_are_read(sync: Sync, attack: Attack):
    with ExitStack() as stack:
        fill_folder(sync.folder / "docs", attack, stack)
        report = sync.run(attack, *parse_sources(str(sync.folder / "docs")))
    sync.check(attack, report, pages=2)


@each("repository")
def test_only_pages_of_a_repository_are_read(sync: Sync, attack: Attack):
    repository = Repository(sync.folder / "origin" / "docs")
    with ExitStack() as stack:
        fill_folder(repository.folder, attack, stack)
    repository.commit({})
    report = sync.run(attack, *parse_sources(f"git+file://{repository.folder}"))
    sync.check(attack, report, pages=2)


def make_archive(folder: Path, attack: Attack) -> Path:
    page = "# Page\n\nBeside it."
    if "type" not in attack:
        return make_zip(folder / "docs.zip", {"page.md": page, attack["entry"]: "# Odd\n\nOdd."})
    member = tarfile.TarInfo(attack["entry"])
    member.type, member.linkname = TYPES[attack["type"]], "../secret.md"
    beside = tarfile.TarInfo("page.md")
    beside.size = len(page)
    with tarfile.open(folder / "docs.tar", "w") as archive:
        archive.addfile(member)
        archive.addfile(beside, io.BytesIO(page.encode()))
    return folder / "docs.tar"


@each("archive")
def test_no_entry_of_an_archive_leads_out(sync: Sync, attack: Attack):
    archive = make_archive(sync.folder, attack)
    before = set(sync.folder.iterdir())
    report = sync.run(attack, *parse_sources(str(archive)))
    sync.check(attack, report, pages=2)  # an odd entry costs itself alone
    assert set(sync.folder.iterdir()) - before <= {sync.folder / "snapshots"}
