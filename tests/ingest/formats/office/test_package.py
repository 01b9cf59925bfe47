from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from ingest.documents import PageError
from ingest.formats.office.package import check_package


def package(**parts: bytes) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


@pytest.mark.parametrize("name", ["a_xml", "a_rels", "A_XML"])
def test_tags_are_counted(name: str):
    data = package(**{name: b"<a/>" * 11})
    check_package(data, max_tags=11)
    with pytest.raises(PageError, match="has more than 10 XML tags"):
        check_package(data, max_tags=10)


def test_text_under_any_name_is_counted():
    with pytest.raises(PageError, match="unpacks to more than 1 MiB"):
        check_package(package(a_bin=b"x" * 2**20, b_bin=b"y" * 99), max_bytes=2**20)


def test_pictures_are_not_text():
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as archive:
        archive.writestr("a.png", b"x" * 2**20)
    check_package(file.getvalue(), max_bytes=2**10)


def test_many_entries(monkeypatch):
    monkeypatch.setattr("ingest.formats.office.package._MAX_ENTRIES", 2)
    check_package(package(a=b"", b=b""))
    with pytest.raises(PageError, match="holds more than 2 files"):
        check_package(package(a=b"", b=b"", c=b""))
