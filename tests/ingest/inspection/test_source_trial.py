"""The trial of a source reads enough to know, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import SourceEmptyError, SourceNotFoundError
from ingest.inspection.source_trial import TRIAL_PAGES, try_source
from ingest.sources import Downloads, Source
from tests.ingest.fakes import make_folder
from tests.servers.web import Resource, WebServer


def test_a_folder_is_read_whole_and_settings_are_no_documents(tmp_path: Path):
    folder = make_folder(
        tmp_path / "docs", {"a.md": "# A", "b/c.rst": "C\n=\n", "mkdocs.yml": "x: 1"}
    )
    source = Source("docs", str(folder or tmp_path / "docs"))
    trial = try_source(source, Downloads(tmp_path / "data"), is_quick=False)
    assert (trial.files, trial.is_whole) == (2, True)
    assert trial.describe() == "docs: 2 files"


def test_a_website_is_read_up_to_some_pages(tmp_path: Path):
    with WebServer() as web:
        links = "".join(f"<a href=/docs/{number}>page</a>" for number in range(20))
        web.resources["/docs/"] = Resource(f"<h1>Start</h1><p>Words.</p>{links}".encode())
        for number in range(20):
            web.resources[f"/docs/{number}"] = Resource(f"<h1>{number}</h1>Text.".encode())
        source = Source("site", f"{web.url}/docs/", rate=100)
        trial = try_source(source, Downloads(tmp_path / "data"), is_quick=False)
    assert (trial.files, trial.is_whole) == (TRIAL_PAGES, False)
    assert trial.describe() == "site: read the first 3 files, and there may be more"


def test_of_an_archive_the_first_bytes_may_be_enough(tmp_path: Path):
    with WebServer() as web:
        web.resources["/docs.zip"] = Resource(b"PK" * 1_000_000, "application/zip")
        source = Source("docs", f"{web.url}/docs.zip")
        trial = try_source(source, Downloads(tmp_path / "data"), is_quick=True)
    assert trial.describe() == "docs: the server sends it"


def test_what_can_not_be_read_is_told(tmp_path: Path):
    downloads = Downloads(tmp_path / "data")
    with pytest.raises(SourceNotFoundError):
        try_source(Source("docs", str(tmp_path / "nowhere")), downloads, is_quick=True)
    make_folder(tmp_path / "docs", {"mkdocs.yml": "site_name: x"})
    with pytest.raises(SourceEmptyError, match="There are no documents"):
        try_source(Source("docs", str(tmp_path / "docs")), downloads, is_quick=True)
