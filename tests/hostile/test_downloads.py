"""Servers and archives that give more than was asked for, read in one real sync."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from tenacity import wait_none

from ingest.sources import Downloads, Limits, Network, Source
from tests.hostile.attacks import Attack, each_attack, read_attacks
from tests.hostile.sync import Synced, sync_sources
from tests.servers.hostile_web import NOTHING, Answer, HostileServer

TYPES = {
    ".html": "text/html",
    ".xml": "application/xml",
    ".txt": "text/plain",
    ".zip": "application/zip",
    ".gz": "application/gzip",
}


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Synced:
    folder = tmp_path_factory.mktemp("downloads")
    (folder / "neighbour").mkdir()
    (folder / "neighbour" / "a.md").write_text("# Fine\n\nneighbour")
    attacks = read_attacks("downloads")
    # Each attack has a server of its own, since a robots.txt is for all of one.
    servers = [HostileServer(build_answers(attack)) for attack in attacks]
    try:
        for server in servers:
            server.__enter__()
        network = Network(
            wait=wait_none(),
            sleep=lambda _: None,
            clock=lambda: sum(server.now for server in servers),
        )
        downloads = Downloads(folder / "s", limits=Limits(32 * 2**20), network=network)
        sources = [
            Source(f"odd{number}", locate(attack, server.url, folder))
            for number, (attack, server) in enumerate(zip(attacks, servers, strict=True))
        ]
        sources.append(Source("neighbour", str(folder / "neighbour")))
        return sync_sources(sources, downloads, folder)
    finally:
        for server in servers:
            server.__exit__()


@each_attack("downloads")
def test_a_server_costs_no_more_than_its_limit(attack: Attack, synced: Synced):
    name = f"odd{read_attacks('downloads').index(attack)}"
    # Lines of entries name no source, and there is one with such a line.
    starts = (f"{name}: ", *(["aaaa"] if attack.get("build") == "zip_long_path" else []))
    lines = [line for line in synced.report.failures if line.startswith(starts)]
    assert synced.texts["neighbour", "a.md"] == "neighbour"
    assert all(len(line) < 1_000 for line in lines)
    if "line" in attack:
        assert any(attack["line"] in line for line in lines), lines
    if "shown" in attack:
        text = "".join(text for (source, _), text in synced.texts.items() if source == name)
        assert attack["shown"] in text, lines


def locate(attack: Attack, server: str, folder: Path) -> str:
    """Return the address of the source of an attack."""
    if attack["at"] != "git":
        return server + attack["at"]
    build_git_tree(folder / "bomb.git")
    return f"git+file://{folder / 'bomb.git'}"


def build_answers(attack: Attack) -> Mapping[str, Answer]:
    """Return what the server of an attack answers, by path."""
    answers = {"/robots.txt": NOTHING}
    robots = attack.get("robots", "")
    for line, times in attack.get("robots_lines", ()):
        robots += "".join(line.replace("%", str(number)) for number in range(times))
    if robots == "#":
        answers["/robots.txt"] = Answer(b"HTTP/1.1 200 OK\r\n\r\n", b"#" * 100_000)
    elif robots:
        answers["/robots.txt"] = build_answer(robots.encode(), "text/plain")
    if "raw" in attack:
        answers[attack["at"]] = build_raw_answer(attack)
    elif "fault" in attack:
        answers[attack["at"]] = build_answer(zip_fault(*attack["fault"]), find_type(attack))
    elif "build" in attack and attack["at"] != "git":
        body = BUILDERS[attack["build"]]()
        answers[attack["at"]] = build_answer(body, find_type(attack))
    elif attack["at"] != "git":
        answers[attack["at"]] = build_answer(
            build_body(attack),
            find_type(attack),
            status=attack.get("status", "200 OK"),
            headers=attack.get("headers", []),
        )
    return answers


def find_type(attack: Attack) -> str:
    return TYPES[Path(attack["at"]).suffix]


def build_raw_answer(attack: Attack) -> Answer:
    head, size = attack["raw"].encode(), attack.get("chunk", 0)
    if not size:
        return Answer(head, attack.get("forever", "").encode(), attack.get("times", 0))
    data = b"a" * abs(size)
    return Answer(head, data if size < 0 else f"{size:x}\r\n".encode() + data + b"\r\n")


def build_answer(body: bytes, kind: str, *, status: str = "200 OK", headers=()) -> Answer:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [*headers, "Connection: close"]
    return Answer("\r\n".join([*lines, "", ""]).encode() + body)


def build_body(attack: Attack) -> bytes:
    text, times = attack.get("repeat", ("", 0))
    whole = attack.get("body") or attack.get("before", "") + text * times + attack.get("after", "")
    body = whole.encode(attack.get("encoding", "utf-8"))
    for packing in attack.get("pack", []):
        body = PACKINGS[packing](body)
    return body


def pack_bare(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "bare": pack_bare,
}


def many_sitemaps() -> bytes:
    names = "".join(f"<sitemap><loc>/{n}.xml</loc></sitemap>" for n in range(1_000))
    return f"<sitemapindex>{names}</sitemapindex>".encode()


def many_links() -> bytes:
    links = "".join(f"<a href='http://other.test/{n}'>a</a>" for n in range(30_000))
    return f"<p>there is text</p>{links}".encode()


@cache
def zip_many() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(50_001):
            archive.writestr(zipfile.ZipInfo(f"{number}.md"), b"")
    return file.getvalue()


def zip64_many() -> bytes:
    """The same with the end record of a zip64, which says that there is one entry."""
    data = zip_many()
    start = data.rindex(b"PK\x05\x06")
    size, offset = data[start + 12 : start + 16], data[start + 16 : start + 20]
    record = b"PK\x06\x06" + (44).to_bytes(8, "little") + b"\x2d\x00\x2d\x00" + bytes(8)
    record += (1).to_bytes(8, "little") * 2 + size + bytes(4) + offset + bytes(4)
    locator = b"PK\x06\x07" + bytes(4) + start.to_bytes(8, "little") + (1).to_bytes(4, "little")
    end = b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)
    return data[:start] + record + locator + end


def zip_bomb() -> bytes:
    """A zip of twenty pages of 60 MiB that share their bytes."""
    data = pack_zip("a.md", b"a" * 2**20)
    start, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = bytearray(data[start:end])
    entry[24:28] = (60 * 2**20).to_bytes(4, "little")
    entries = b"".join(bytes(entry).replace(b"a.md", b"%c.md" % (97 + n)) for n in range(20))
    size = len(entries).to_bytes(4, "little")
    return data[:start] + entries + data[end : end + 12] + size + data[-6:]


def zip_repeated() -> bytes:
    """A zip with a page that is packed a thousand times smaller."""
    return pack_zip("a.md", b"a " * 1_500_000, "b.md")


def zip_fault(at: int, value: str) -> bytes:
    """A zip with a fault in the directory, at its first entry."""
    data = bytearray(pack_zip("a.md", b"text " * 99, "b.md"))
    start = data.index(b"PK\x01\x02") + at
    data[start : start + len(value) // 2] = bytes.fromhex(value)
    return bytes(data)


def zip_other_packing() -> bytes:
    """A zip whose first entry is packed as Windows does for large files."""
    return zip_fault(10, "09")


def zip_false_utf8() -> bytes:
    """A zip with a name that says it is UTF-8 and is not."""
    return pack_zip("\u00e4.md", b"text", "b.md").replace("\u00e4".encode(), b"\xff\xfe")


def zip_large_page() -> bytes:
    """A zip of few bytes whose first page has 65 MiB; it is never unpacked."""
    return pack_zip("a.md", b"a" * (65 * 2**20), "b.md")


def zip_false_size() -> bytes:
    data = pack_zip("a.md", b"a" * 1_000)
    return data.replace((1_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def zip_long_path() -> bytes:
    return pack_zip("a" * 4_000 + ".md", b"text", "b.md")


def pack_zip(name: str, data: bytes, *others: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        for other in others:
            archive.writestr(other, b"other")
    return file.getvalue()


def pack_tar(entries: Iterator[tarfile.TarInfo], headers: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    with tarfile.open(
        fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers=headers, compresslevel=1
    ) as archive:
        for entry in entries:
            archive.addfile(entry)
    return file.getvalue()


def tar_many() -> bytes:
    return pack_tar(tarfile.TarInfo(f"{number:032x}.md") for number in range(50_001))


def tar_pax() -> bytes:
    headers = {f"{number}": "x" for number in range(2_000)}
    return pack_tar((tarfile.TarInfo(f"{number}.md") for number in range(3)), headers)


def tar_name() -> bytes:
    return pack_tar(tarfile.TarInfo(name) for name in ("a" * 1_000_000 + ".md", "b.md"))


def tar_sparse() -> bytes:
    entry = tarfile.TarInfo("a.md")
    entry.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(2**40),
    }
    return pack_tar(iter([entry]))


BUILDERS: Mapping[str, Callable[[], bytes]] = {
    build.__name__: build
    for build in (
        many_links,
        many_sitemaps,
        tar_many,
        tar_name,
        tar_pax,
        tar_sparse,
        zip64_many,
        zip_bomb,
        zip_false_size,
        zip_false_utf8,
        zip_large_page,
        zip_long_path,
        zip_many,
        zip_other_packing,
        zip_repeated,
    )
}


def build_git_tree(folder: Path) -> None:
    """Make a repository of eight objects whose tree has a million files."""

    def run(*arguments: str, data: str = "") -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@a.test", *arguments]
        return subprocess.run(
            command, input=data, text=True, check=True, capture_output=True
        ).stdout.strip()

    run("init", "--bare", "--quiet", str(folder))
    place = f"--git-dir={folder}"
    inner = run(place, "hash-object", "-w", "--stdin", data="text")
    kind, mode, ending = "blob", "100644", ".md"
    for _ in range(6):
        lines = "".join(f"{mode} {kind} {inner}\t{name}{ending}\n" for name in range(10))
        inner = run(place, "mktree", data=lines)
        kind, mode, ending = "tree", "040000", ""
    commit = run(place, "commit-tree", inner, "-m", "a")
    head = run(place, "symbolic-ref", "HEAD")
    run(place, "update-ref", head, commit)
