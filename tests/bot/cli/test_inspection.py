"""`docent index --explain` and `--check-links`, as a person meets them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import cli
from tests.ingest.fakes import make_folder
from tests.servers.web import Resource, WebServer

Run = Callable[..., tuple[int, str, str]]
PAGE = "# Limits\n\nA few words.\n\n<!-- a secret remark -->\n\n## Port\n\nIt is 8080."


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("DOCENT_PROFILE", "starter")
    monkeypatch.setattr("rag_core.models.minilm.Bert", None)  # no weights are loaded
    monkeypatch.setattr("rag_core.factory.open_store", None)  # no index is opened
    make_folder(tmp_path / "docs", {"limits.md": PAGE, "other.md": "# Other\n\nMore words."})

    def invoke(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["docent", "index", *args])
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        else:
            code = 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoke


def test_a_page_is_shown_as_it_is_read(run: Run, tmp_path: Path):
    code, out, _ = run("--explain", "limits", str(tmp_path / "docs"))
    assert code == 0
    for line in (
        "docs: limits.md",
        "Title: Limits",
        "  Limits  #limits",
        "    Port  #port",
        "  2. Limits > Port (8 tokens)",
        "     It is 8080.",
        "  comment: <!-- a secret remark -->",
    ):
        assert line in out.splitlines()


def test_a_page_as_json(run: Run, tmp_path: Path):
    code, out, _ = run("--explain", "limits", "--json", str(tmp_path / "docs"))
    assert code == 0
    page = json.loads(out)
    assert page["headings"][1] == {"headings": ["Limits", "Port"], "anchor": "port"}
    assert [chunk["text"] for chunk in page["chunks"]] == ["A few words.", "It is 8080."]


def test_no_page_or_several_are_one_sentence(run: Run, tmp_path: Path):
    code, out, err = run("--explain", ".md", str(tmp_path / "docs"))
    assert (code, out) == (1, "")
    assert err.endswith("so write one in full: docs:limits.md, docs:other.md.\n")
    code, _, err = run("--explain", "limts", str(tmp_path / "docs"))
    assert code == 1
    assert "the nearest names are docs:limits.md" in err


def test_control_characters_of_a_page_are_not_printed(run: Run, tmp_path: Path):
    make_folder(tmp_path / "docs", {"odd.md": "# A\x1b]0;x\x07\n\nSome \x1b[31mred words."})
    assert "\x1b" not in run("--explain", "odd.md", str(tmp_path / "docs"))[1]


def test_dead_links_end_with_1(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with WebServer() as web:
        web.resources["/limits"] = Resource(b"<h1 id=limits>x</h1><h2 id=port>y</h2>")
        source = {"uri": str(tmp_path / "docs"), "url": f"{web.url}/{{slug}}", "rate": 100}
        monkeypatch.setenv("DOCENT_SOURCES", json.dumps([{"name": "docs", **source}]))
        code, out, err = run("--check-links")
        assert (code, out) == (1, f"docs: {web.url}/other is dead\n")
        assert err.endswith("Checked 3 addresses on 2 pages; 1 dead.\n")
        web.resources["/other"] = Resource(b"<h1 id=other>x</h1>")
        assert run("--check-links")[:2] == (0, "")
        code, out, _ = run("--check-links", "--json", "2", "docs")
    assert code == 0
    assert json.loads(out) | {"pages": 2} == {
        "sampled": 2,
        "addresses": 2,
        "pages": 2,
        "dead": [],
        "unchecked": [],
    }


def test_local_pages_are_not_checked(run: Run, tmp_path: Path):
    code, out, err = run("--check-links", str(tmp_path / "docs"))
    assert (code, out) == (0, "")
    assert "Not checked: docs: 2 pages without a web address" in err
