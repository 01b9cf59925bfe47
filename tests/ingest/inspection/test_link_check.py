from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tenacity import wait_none

from ingest.inspection.link_check import MOST_FAILURES, LinkCheck, check_links
from ingest.sources import Downloads, Network, Source
from tests.ingest.fakes import HashEmbedder, make_folder
from tests.servers.web import Resource, WebServer

NETWORK = Network(wait=wait_none(), sleep=lambda _: None)
PAGES = {
    "a.md": "# A\n\nSome words.\n\n## Gone\n\nOther words.",
    "b.md": "# B\n\nSome words.",
    "gone.md": "# Gone\n\nSome words.",
}


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        server.resources["/a"] = Resource(b"<h1 class=x id='a'>A</h1><code>&lt;p id=gone></code>")
        server.resources["/b"] = Resource(b'<a name="b"></a><p>x')
        yield server


@pytest.fixture
def source(tmp_path: Path, web: WebServer) -> Source:
    folder = make_folder(tmp_path / "docs", PAGES)
    return Source("docs", str(folder), url=f"{web.url}/{{slug}}", rate=1000)


def check(source: Source, tmp_path: Path, **options: int) -> LinkCheck:
    downloads = Downloads(tmp_path / "data", network=NETWORK)
    return check_links([source], downloads, HashEmbedder(), **options)


def test_dead_pages_and_anchors_are_named(source: Source, web: WebServer, tmp_path: Path):
    result = check(source, tmp_path)
    assert sorted(result.dead) == [
        f"docs: {web.url}/a has no anchor #gone",
        f"docs: {web.url}/gone is dead",
    ]
    assert (result.sampled, result.addresses, result.pages) == (4, 4, 3)
    assert result.has_failed
    assert result.unchecked == ()
    assert sorted(web.paths()) == ["/a", "/b", "/gone", "/robots.txt"]  # each page once
    assert web.violations == []


def test_all_is_well(source: Source, tmp_path: Path):
    result = check(replace(source, include=("b.md",)), tmp_path)
    assert result == LinkCheck(1, 1, 1)
    assert not result.has_failed
    assert result.as_json()["dead"] == []


def test_an_anchor_behind_a_bracket_in_a_value_is_there(
    source: Source, web: WebServer, tmp_path: Path
):
    web.resources["/b"] = Resource(b"""<h1 class="[&>p]:mt-4" title='a>b' id="b">B</h1>""")
    assert check(replace(source, include=("b.md",)), tmp_path) == LinkCheck(1, 1, 1)


def test_a_sample_is_the_same_each_time(source: Source, web: WebServer, tmp_path: Path):
    asked = []
    for _ in range(2):
        web.clear()
        assert check(source, tmp_path, sample=1).sampled == 1
        asked.append(web.paths())
    assert asked[0] == asked[1]
    assert len(asked[0]) == 2


def test_robots_are_obeyed(source: Source, web: WebServer, tmp_path: Path):
    web.resources["/robots.txt"] = Resource(b"User-agent: *\nDisallow: /a\n", "text/plain")
    result = check(replace(source, exclude=("gone.md",)), tmp_path)
    assert result.unchecked == (f"docs: robots.txt does not allow {web.url}/a",)
    assert not result.dead
    assert "/a" not in web.paths()


def test_local_pages_are_said_to_be_unchecked(tmp_path: Path):
    folder = make_folder(tmp_path / "docs", PAGES)
    result = check(Source("docs", str(folder)), tmp_path)
    assert result == LinkCheck(unchecked=("docs: 3 pages without a web address",))
    assert not result.has_failed


def test_a_site_that_does_not_work_is_left_in_peace(web: WebServer, tmp_path: Path):
    folder = make_folder(tmp_path / "docs", {f"{n}.md": f"# {n}\n\nSome words." for n in range(9)})
    for n in range(9):
        web.resources[f"/{n}"] = Resource(statuses=[500] * 99)
    source = Source("docs", str(folder), url=f"{web.url}/{{slug}}", rate=1000)
    result = check(source, tmp_path)
    assert len(result.unchecked) == MOST_FAILURES + 1
    assert result.unchecked[-1] == "docs: 6 further pages were not asked for"
    assert result.has_failed
    assert result.dead == ()


def test_a_private_network_is_not_asked_for_an_address_that_only_a_file_names(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The address of a site may come from a file of the source, which anybody may write."""
    folder = make_folder(tmp_path / "docs", PAGES)
    source = Source("docs", str(folder))
    monkeypatch.setattr(Source, "build_page_url", lambda *args, **_: f"{web.url}/{args[1][:-3]}")
    result = check(source, tmp_path)
    assert "is in a private network" in result.unchecked[0]
    assert web.paths() == []


@pytest.mark.parametrize(
    "page",
    [b"<a" * 200_000, b"<p " + b"id= " * 100_000, b"<p id='" * 100_000, b"<p id=x " * 50_000],
)
def test_a_page_of_odd_markup_is_read_within_bounds(
    source: Source, web: WebServer, tmp_path: Path, page: bytes
):
    web.resources["/b"] = Resource(page)
    result = check(replace(source, include=("b.md",)), tmp_path)
    assert result.dead == (f"docs: {web.url}/b has no anchor #b",)
