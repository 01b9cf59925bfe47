from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import (
    SourceEmptyError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.formats import is_wanted
from ingest.sources import Source
from ingest.sources.archive import entries
from ingest.sources.archive import reader as archive
from tests.ingest.fakes import make_zip


def read(path: Path, url: str = ""):
    return archive.read_archive(Source("docs", str(path), url), path, is_wanted=is_wanted)


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
    with pytest.raises(SourceFormatError, match=r"d\.zip is not a readable zip or tar"):
        read(path)


def test_cut_off(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": "text " * 1000})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceFormatError):
        read(path)


CENTRAL = b"PK\x01\x02"


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (6, b"\xff", "is packed as docent does not unpack"),  # version 25.5
        (6, b"\x40", "is packed as docent does not unpack"),
        (8, b"\x01", "is encrypted"),
        (8, b"\x40", "is encrypted"),  # strongly
        (8, b"\x41", "is encrypted"),
        (8, b"\x20", "is packed as docent does not unpack"),  # a patch
        (10, b"\x63", "is packed as docent does not unpack"),
        (16, bytes(4), "is damaged"),  # checksum
        (20, b"\x01\x00", "is damaged"),  # packed size
        (24, b"\x01\x00", "is damaged"),  # unpacked size
        (24, b"\xff\xff\xff\xff", "is larger than 64 MiB"),
        (42, b"\x01\x00\x00\x00", "is damaged"),  # place in the file
        (42, b"\xff\xff\xff\x7f", "is damaged"),
        (46, b"x", ""),  # a name that is not the one beside the data
    ],
)
def test_a_fault_in_the_directory_costs_one_entry(tmp_path: Path, at: int, value: bytes, said: str):
    path = make_zip(tmp_path / "d.zip", {"a.md": "one " * 99, "odd.md": "odd " * 99, "z.md": "z"})
    data = bytearray(path.read_bytes())
    start = data.rindex(CENTRAL, 0, data.rindex(b"odd.md")) + at
    data[start : start + len(value)] = value
    path.write_bytes(data)
    archive.inspect_archive(Source("docs", str(path)), path)
    found = read(path)
    assert [file.path for file in found.files] == ["a.md", "z.md"]
    assert found.failures == (f"odd.md: {said}" if said else "xdd.md: is damaged",)
    assert found.unread == ("odd.md" if said else "xdd.md",)


ZIP64_OFFSET = b"\x01\x00\x08\x00" + b"\xff" * 8


@pytest.mark.parametrize(
    ("extra", "head", "said"),
    [
        (b"\x00\x10\xff\xff", b"", "is damaged"),  # longer than there is room
        (b"\x01\x00\x04\x00abcd", b"\xff" * 4, "is damaged"),  # a place without its number
        (ZIP64_OFFSET, b"\xff" * 4, "is damaged"),  # at 18 exabytes
        (b"\x75\x70\x02\x00ab", b"", "is damaged"),
        (b"\x75\x70\x06\x00\x01abcd\xff", b"", "is damaged"),
        (b"\x00\x10\x02\x00ab", b"", ""),
        (b"\x01\x00\x00\x00", b"", ""),
        (b"ab", b"", ""),
    ],
)
def test_an_extra_field_costs_one_entry(tmp_path: Path, extra: bytes, head: bytes, said: str):
    path = tmp_path / "d.zip"
    odd = zipfile.ZipInfo("odd.md")
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("a.md", "one")
        opened.writestr(odd, "odd")
        opened.writestr("z.md", "last")
        odd.extra = extra
    data = bytearray(path.read_bytes())
    start = data.rindex(CENTRAL, 0, data.rindex(b"odd.md")) + 42
    data[start : start + len(head)] = head
    path.write_bytes(data)
    found = read(path)
    assert found.failures == ((f"odd.md: {said}",) if said else ())
    assert [file.path for file in found.files] == ["a.md", *([] if said else ["odd.md"]), "z.md"]


@given(data=st.data())
def test_changed_bytes_of_one_entry_cost_no_other(data: st.DataObject):
    with tempfile.TemporaryDirectory() as folder:
        path = make_zip(Path(folder) / "d.zip", {"a.md": "one", "odd.md": "odd " * 9, "z.md": "z"})
        whole = bytearray(path.read_bytes())
        start = whole.rindex(CENTRAL, 0, whole.rindex(b"odd.md"))
        # All but the mark of the entry and the three lengths, which the next entry stands behind.
        at = data.draw(st.sampled_from([*range(4, 28), *range(34, 46)]))
        whole[start + at] = data.draw(st.integers(0, 255))
        path.write_bytes(whole)
        assert {"a.md", "z.md"} <= {file.path for file in read(path).files}


def test_a_damaged_entry_is_a_line(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": bytes(range(256)) * 20, "b.md": "b"})
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    found = read(path)
    assert [file.path for file in found.files] == ["b.md"]
    assert (found.failures, found.unread) == (("a.md: is damaged",), ("a.md",))


def test_a_zip_of_nothing_but_damage_is_an_error(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": bytes(range(256)) * 20})
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    with pytest.raises(SourceEmptyError, match=r"a\.md: is damaged"):
        read(path)


def test_a_damaged_directory_is_an_error(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": "a", "b.md": "b"})
    data = bytearray(path.read_bytes())
    data[data.rindex(CENTRAL)] = 0
    path.write_bytes(data)
    with pytest.raises(SourceFormatError, match="damaged or cut off"):
        read(path)


def test_no_documents(tmp_path: Path):
    with pytest.raises(SourceEmptyError, match="no documents"):
        read(make_zip(tmp_path / "d.zip", {"x.png": b"1"}))


@pytest.mark.parametrize(
    "name",
    [
        *("../evil.md", "en/../../evil.md", "..\\evil.md", "/etc/evil.md", "C:/evil.md"),
        *("C:evil.md", "./C:evil.md", "c:\\evil.md", "\\\\server\\evil.md", "C: evil.md"),
        *("\\\\?\\C:\\evil.md", "https://host.test/evil.md", "file:/evil.md"),
    ],
)
def test_a_path_that_leads_out_is_left_out(tmp_path: Path, name: str):
    found = read(make_zip(tmp_path / "d.zip", {"good.md": "x", name: "x"}))
    assert [file.path for file in found.files] == ["good.md"]
    (line,) = found.failures
    assert line.split(": ")[-1] in {"leads out of the archive", "has an absolute path"}


@pytest.mark.parametrize("name", ["img/a:b.md", "API/C: basics.md", "en/C:/x.md", "note: x.md"])
def test_a_colon_later_in_a_path_is_no_drive(tmp_path: Path, name: str):
    found = read(make_zip(tmp_path / "d.zip", {"good.md": "x", name: "x"}))
    assert sorted(file.path for file in found.files) == sorted(["good.md", name])
    assert not found.failures


@pytest.mark.parametrize("name", ["../a.png", "C:a.png", "nul", "a\x1b.png", "/etc/passwd"])
def test_a_file_that_is_no_page_needs_no_line(tmp_path: Path, name: str):
    found = read(make_zip(tmp_path / "d.zip", {"good.md": "x", name: "x"}))
    assert [file.path for file in found.files] == ["good.md"]
    assert not found.failures


def test_names_that_differ_in_case_are_two_pages(tmp_path: Path):
    found = read(make_zip(tmp_path / "d.zip", {"README.md": "one", "readme.md": "two"}))
    assert [file.path for file in found.files] == ["README.md", "readme.md"]


def test_an_archive_of_nothing_but_odd_names_says_why(tmp_path: Path):
    with pytest.raises(SourceEmptyError, match=r"that can be read: \.\./a\.md: leads out"):
        read(make_zip(tmp_path / "d.zip", {"../a.md": "x", "logo.png": "x"}))


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_one_page_that_is_too_large_costs_itself_alone(tmp_path: Path, monkeypatch, kind: str):
    monkeypatch.setattr(archive, "MAX_ENTRY_BYTES", 2**20)
    files = {"a.md": "one", "b.md": os.urandom(2**20 + 1), "c.md": "three"}
    path = tmp_path / f"d.{kind}"
    if kind == "zip":
        make_zip(path, files)
    else:
        make_tar(
            path, [plain(n, f.encode() if isinstance(f, str) else f) for n, f in files.items()]
        )
    found = read(path)
    assert [file.path for file in found.files] == ["a.md", "c.md"]
    assert found.failures == ("b.md: is larger than 1 MiB",)
    assert found.unread == ("b.md",)


@pytest.mark.parametrize(
    "name",
    ["aux.md", "CON .md", "en/nul.x.md", "a\x1b.md", "a\u202e.md", "a. /b.md", "é" * 127 + ".md"],
)
def test_a_name_that_no_page_may_have_is_left_out(tmp_path: Path, name: str):
    found = read(make_zip(tmp_path / "d.zip", {"good.md": "x", name: "x"}))
    assert [file.path for file in found.files] == ["good.md"]
    assert len(found.failures) == 1
    assert found.failures[0].isprintable()


def test_a_zip_of_windows_has_folders(tmp_path: Path):
    found = read(make_zip(tmp_path / "d.zip", {"en\\a.md": "x", "en\\.git\\b.md": "x"}))
    assert [file.path for file in found.files] == ["en/a.md"]


def test_a_link_is_left_out(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"good.md": "x"})
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(link, "/etc/passwd")
    found = read(path)
    assert [file.path for file in found.files] == ["good.md"]
    assert found.failures == ("link.md: is a link",)


def test_a_bomb_is_refused_by_its_ratio_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(entries, "RATIO_FROM_BYTES", 3 * 2**20)
    files = {f"{number}.md": bytes(2**20) for number in range(4)}
    with pytest.raises(SourceRefusedError, match=r"3\.md' expands"):
        read(make_zip(tmp_path / "d.zip", files))
    del files["3.md"]
    assert len(read(make_zip(tmp_path / "e.zip", files)).files) == 3


def test_entries_that_share_their_bytes_are_counted_each(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": bytes(2**20)})
    data = path.read_bytes()
    start, end = data.rindex(CENTRAL), data.rindex(b"PK\x05\x06")
    entry = bytearray(data[start:end])
    entry[24:28] = (60 * 2**20).to_bytes(4, "little")
    size = (len(entry) * 20).to_bytes(4, "little")
    same = b"".join(bytes(entry).replace(b"a.md", b"%c.md" % (97 + n)) for n in range(20))
    path.write_bytes(data[:start] + same + data[end : end + 12] + size + data[-6:])
    with pytest.raises(SourceRefusedError, match=r"e\.md' expands"):
        read(path)


def test_a_zip_in_a_zip_is_not_unpacked(tmp_path: Path):
    inner = make_zip(tmp_path / "inner.zip", {"a.md": "a"}).read_bytes()
    with pytest.raises(SourceEmptyError, match="no documents"):
        read(make_zip(tmp_path / "d.zip", {"inner.zip": inner}))


@pytest.mark.parametrize("kind", ["zip", "gz", "zst"])
@pytest.mark.parametrize("line", ["a ", "| 200 | GET /health | 12 ms |\n"])
def test_a_page_that_repeats_itself_is_no_bomb(tmp_path: Path, kind: str, line: str):
    text = (line * (3 * 2**20 // len(line))).encode()
    if kind == "zip":
        path = make_zip(tmp_path / "d.zip", {"a.md": text})
    else:
        path = make_tar(tmp_path / "d.tar", [plain("a.md", text)], kind)
    assert [file.data for file in read(path).files] == [text]


def test_a_bomb_is_refused_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 150)
    path = make_zip(tmp_path / "d.zip", {"a.md": "a" * 100, "b.md": "b" * 100})
    with pytest.raises(SourceRefusedError, match=r"b\.md' is too large"):
        read(path)


def test_a_bomb_is_refused_by_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    path = make_zip(tmp_path / "d.zip", {f"{n}.md": "x" for n in range(3)})
    with pytest.raises(SourceRefusedError, match="more than 2 entries"):
        read(path)


def test_an_entry_that_lies_about_its_size(tmp_path: Path):
    path = make_zip(tmp_path / "d.zip", {"a.md": b"a" * 5000})
    real, lie = (5000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(real, lie))
    with pytest.raises(SourceEmptyError, match=r"a\.md: is damaged"):
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
    assert [(file.path, file.data) for file in found.files] == [("a.md", b"first")]
    assert found.failures == ("a.md: is left out, since another file's name reads the same",)


def test_neither_zip_nor_document(tmp_path: Path):
    path = tmp_path / "logo.png"
    path.write_bytes(b"\x89")
    with pytest.raises(SourceFormatError, match="an archive or a document"):
        read(path)


def make_tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], kind: str = "gz") -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        for member, data in members:
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    packed = {
        "gz": gzip.compress,
        "zst": zstandard.ZstdCompressor().compress,
        "tar": lambda data: data,
    }[kind]
    path.write_bytes(packed(buffer.getvalue()))
    return path


def plain(name: str, data: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), data


def special(name: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member, b""


@pytest.mark.parametrize("kind", ["gz", "zst", "tar"])
def test_a_tar_is_read_in_order_under_any_name(tmp_path: Path, kind: str):
    members = [plain("./en/b.md", b"b"), plain("en/a b.md", b"a"), plain("en/x.png", b"x" * 999)]
    folder = tarfile.TarInfo("en")
    folder.type = tarfile.DIRTYPE
    found = read(make_tar(tmp_path / "docs", [(folder, b""), *members], kind))
    assert [(file.path, file.data) for file in found.files] == [
        ("en/a b.md", b"a"),
        ("en/b.md", b"b"),
    ]


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (plain("../evil.md"), "leads out of the archive"),
        (plain("/etc/evil.md"), "has an absolute path"),
        (special("evil.md", tarfile.SYMTYPE), "is a link"),
        (special("evil.md", tarfile.LNKTYPE), "is a link"),
        (special("evil.md", tarfile.CHRTYPE), "is a device"),
        (special("evil.md", tarfile.FIFOTYPE), "is a device"),
        (special("evil.md", tarfile.GNUTYPE_SPARSE), "has holes"),
    ],
)
def test_harm_in_a_tar_costs_one_page(tmp_path: Path, member, said: str):
    path = make_tar(tmp_path / "d.tar.gz", [plain("good.md"), member, plain("later.md")])
    found = read(path)
    assert [file.path for file in found.files] == ["good.md", "later.md"]
    (line,) = found.failures
    assert line == f"{member[0].name}: {said}"
    archive.inspect_archive(Source("docs", str(path)), path)


def test_what_is_excluded_may_be_a_link(tmp_path: Path):
    path = make_tar(tmp_path / "d.tar", [plain("a.md"), special("b.md", tarfile.SYMTYPE)], "tar")
    found = archive.read_archive(
        Source("docs", str(path), exclude=("b.md",)), path, is_wanted=is_wanted
    )
    assert [file.path for file in found.files] == ["a.md"]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_packed_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, kind, monkeypatch):
    monkeypatch.setattr(entries, "RATIO_FROM_BYTES", 2**20)
    path = make_tar(tmp_path / "d", [plain("bomb.bin", bytes(8 * 2**20)), plain("a.md")], kind)
    with pytest.raises(SourceRefusedError, match=r"bomb\.bin' expands"):
        read(path)


def test_a_header_that_is_a_bomb(tmp_path: Path):
    data = "".join(f"Line {n} of what is no name. " for n in range(150_000)).encode()
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type = tarfile.GNUTYPE_LONGNAME
    path = make_tar(tmp_path / "d.tar", [plain("a.md"), (long_name, data), plain("b.md")], "tar")
    with pytest.raises(SourceRefusedError, match=r"a\.md' is followed by a header"):
        read(path)


def test_a_tar_that_is_too_large_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(entries, "MAX_EXPANDED_BYTES", 20_000)
    path = make_tar(tmp_path / "d.tar", [plain("a.bin", bytes(30_000)), plain("b.md")], "tar")
    with pytest.raises(SourceRefusedError, match=r"a\.bin' is too large"):
        read(path)


def test_a_name_in_a_tar_that_is_there_twice(tmp_path: Path):
    path = make_tar(tmp_path / "d.tar", [plain("a.md", b"1"), plain("./a.md", b"2")], "tar")
    found = read(path)
    assert [file.data for file in found.files] == [b"1"]
    assert found.failures == ("a.md: is left out, since another file's name reads the same",)


@pytest.mark.parametrize("kind", ["gz", "zst", "tar"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_a_tar_that_is_cut_off(tmp_path: Path, kind: str, share: float):
    pages = [plain(f"{n}.md", hashlib.sha512(bytes([n])).digest() * 40) for n in range(20)]
    path = make_tar(tmp_path / "d", pages, kind)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(SourceFormatError, match="damaged or cut off"):
        read(path)


def test_a_tar_with_a_broken_header_does_not_end_there(tmp_path: Path):
    path = make_tar(tmp_path / "d.tar", [plain("a.md"), plain("b.md"), plain("c.md")], "tar")
    data = bytearray(path.read_bytes())
    data[1024:1100] = b"\x41" * 76
    path.write_bytes(data)
    with pytest.raises(SourceFormatError, match="damaged or cut off"):
        read(path)


def test_a_name_that_is_no_text_fits_in_a_database(tmp_path: Path):
    path = make_tar(tmp_path / "d.tar", [plain(os.fsdecode(b"caf\xe9.md"))], "tar")
    assert [file.path for file in read(path).files] == ["caf\ufffd.md"]


def test_a_web_page_in_place_of_an_archive(tmp_path: Path):
    path = tmp_path / "d.zip"
    path.write_text("\n <!DOCTYPE html><p>Please log in")
    with pytest.raises(SourceFormatError, match="not an archive but a web page"):
        read(path)


@given(name=st.text(min_size=1, max_size=80))
def test_any_name_is_read_below_the_source_or_refused(name: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d.tar"
        make_tar(path, [plain(f"{name}.md"), plain("good.md")], "tar")
        try:
            files = read(path).files
        except (SourceRefusedError, SourceFormatError):
            return
    for file in files:
        assert not file.path.startswith("/")
        assert ".." not in file.path.split("/")
        file.path.encode()


@given(data=st.binary(max_size=3_000))
def test_any_bytes_are_read_or_refused(data: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d.zip"
        for start in (b"", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"):
            path.write_bytes(start + data)
            with pytest.raises((SourceFormatError, SourceRefusedError, SourceEmptyError)):
                read(path)


@pytest.mark.parametrize("name", ["unwanted.bin", ".hidden/a.md", "a.md"])
def test_a_size_that_would_be_skipped_for_years_is_refused(tmp_path: Path, name: str):
    member = tarfile.TarInfo(name)
    member.size = 2**62
    path = tmp_path / "docs.tar"
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    with pytest.raises(SourceRefusedError, match="is too large"):
        read(path)


def test_a_name_that_says_it_is_utf8_and_is_not(tmp_path: Path):
    path = make_zip(tmp_path / "docs.zip", {"\u00f6.md": "one", "\u00e4bc.md": "two", "z.md": "3"})
    path.write_bytes(path.read_bytes().replace("\u00e4".encode(), b"\xff\xfe"))
    found = read(path)
    assert [file.path for file in found.files] == ["z.md", "\u00f6.md"]
    (line,) = found.failures
    assert line.endswith("bc.md: has a name that is not UTF-8")


@pytest.mark.parametrize("name", ["", "/", "//", "./", "\\"])
def test_a_name_that_is_no_name(tmp_path: Path, name: str):
    path = tmp_path / "docs.zip"
    info = zipfile.ZipInfo("x")
    info.filename = name
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(info, "odd")
        opened.writestr("good.md", "good")
    assert [file.path for file in read(path).files] == ["good.md"]


@pytest.mark.parametrize("method", [1, 6, 9, 93, 97, 99])
def test_an_entry_packed_in_another_way_costs_itself(tmp_path: Path, method: int):
    path = make_zip(tmp_path / "docs.zip", {"good.md": "good", "odd.md": "odd", "z.md": "last"})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"odd.md"))
    data[at + 10 : at + 12] = method.to_bytes(2, "little")
    path.write_bytes(data)
    found = read(path)
    assert [file.path for file in found.files] == ["good.md", "z.md"]
    assert found.failures == ("odd.md: is packed as docent does not unpack",)
    assert found.unread == ("odd.md",)


def test_an_encrypted_entry_costs_itself(tmp_path: Path):
    path = make_zip(tmp_path / "docs.zip", {"good.md": "good", "odd.md": "odd"})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    found = read(path)
    assert [file.path for file in found.files] == ["good.md"]
    assert found.failures == ("odd.md: is encrypted",)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_damage_in_any_compression_is_named(tmp_path: Path, method: int):
    path = tmp_path / "docs.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.md", bytes(range(256)) * 40)
    data = bytearray(path.read_bytes())
    data[50:90] = b"\xaa" * 40
    path.write_bytes(data)
    with pytest.raises(SourceEmptyError, match=r"a\.md: is damaged"):
        read(path)


def test_numbers_that_are_none_are_damage(tmp_path: Path):
    path = tmp_path / "docs.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a.md")
        member.pax_headers = {"GNU.sparse.map": "a,b", "GNU.sparse.size": "x"}
        archive.addfile(member)
    with pytest.raises(SourceFormatError, match="damaged"):
        read(path)


def test_other_files_are_read_when_pages_include_them(tmp_path: Path, monkeypatch):
    files = {"a.md": "a", "src/x.py": "x = 1", "large.py": "1234567", "y.py": "y"}
    found = read(make_zip(tmp_path / "d.zip", files))
    monkeypatch.setattr(archive, "MAX_INCLUDED_FILE", 6)
    asked = {"src/x.py", "large.py", "none.py", "../a.md"}
    assert found.read_others(asked) == {"src/x.py": b"x = 1"}
    monkeypatch.setattr(archive, "MAX_INCLUDED_FILES", 3)
    assert found.read_others({"src/x.py", "y.py"}) == {"y.py": b"y"}


def test_a_damaged_file_is_not_included(tmp_path: Path):
    path = tmp_path / "d.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("a.md", "a")
        opened.writestr("x.py", "some code")
    path.write_bytes(path.read_bytes().replace(b"some code", b"same code"))
    assert read(path).read_others({"x.py"}) == {}
