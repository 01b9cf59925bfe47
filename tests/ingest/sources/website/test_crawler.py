from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace

import pytest

from ingest.errors import (
    DownloadError,
    SourceAccessError,
    SourceEmptyError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.sources import DownloadProgress, Downloads, Limits, Source, SourceFiles, read_source
from tests.servers.web import Resource, WebServer

XML = "application/xml"


def page(text: str, *links: str, head: str = "", **options) -> Resource:
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    html = f"<!doctype html><html><head>{head}</head><body><p>{text}</p>{anchors}</body></html>"
    return Resource(html.encode(), **options)


def sitemap(*places: str, kind: str = "url") -> Resource:
    items = "".join(f"<{kind}><loc>{place}</loc></{kind}>" for place in places)
    root = {"url": "urlset", "sitemap": "sitemapindex"}[kind]
    body = f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{items}</{root}>'
    return Resource(body.encode(), XML, etag='"map"')


@pytest.fixture
def read(downloads: Downloads, site: WebServer) -> Callable[..., SourceFiles]:
    def reading(path: str, **options) -> SourceFiles:
        source = Source("docs", site.url + path, **options)
        return read_source(source, downloads, is_wanted=lambda _: True)

    return reading


def paths(found: SourceFiles) -> list[str]:
    return [file.path for file in found.files]


@pytest.fixture
def small(site: WebServer) -> WebServer:
    """A sitemap of three pages."""
    site.resources |= {
        "/sitemap.xml": sitemap(f"{site.url}/docs/a", f"{site.url}/docs/b.html", f"{site.url}/"),
        "/docs/a": page("A", etag='"a"'),
        "/docs/b.html": page("B", last_modified="Mon, 08 Jul 2024 00:00:00 GMT"),
        "/": page("Home", etag='"home"'),
        "/robots.txt": Resource(b"User-agent: *\nAllow: /\n", "text/plain", etag='"r"'),
    }
    return site


def test_the_pages_of_a_sitemap(small, read):
    found = read("/sitemap.xml")
    assert paths(found) == ["docs/a.html", "docs/b.html", "index.html"]
    first = found.files[0]
    assert first.url == f"{small.url}/docs/a"
    assert first.media_type == "text/html; charset=utf-8"
    assert b"<p>A</p>" in first.data
    assert found.failures == ()


def test_an_unchanged_website_sends_no_body(small, read, downloads):
    first = read("/sitemap.xml")
    small.clear()
    assert read("/sitemap.xml") == first
    assert small.body_bytes == 0
    assert len(small.requests) == 5
    small.clear()
    small.resources["/docs/a"] = page("A, anew", etag='"a2"')
    assert b"A, anew" in read("/sitemap.xml").files[0].data
    assert small.body_bytes == len(small.resources["/docs/a"].body)
    kept = list((downloads.folder).glob("*.site/*.body"))
    assert len(kept) == 5


def test_a_page_that_left_the_sitemap_is_gone(small, read):
    read("/sitemap.xml")
    small.resources["/sitemap.xml"] = replace(sitemap(f"{small.url}/docs/a"), etag='"2"')
    assert paths(read("/sitemap.xml")) == ["docs/a.html"]


def test_sitemaps_of_sitemaps_packed_and_with_old_addresses(small, read):
    inner = small.resources["/sitemap.xml"]
    small.resources["/s/1.xml.gz"] = replace(inner, body=gzip.compress(inner.body, mtime=0))
    small.resources["/index.xml"] = sitemap(
        f"{small.url}/s/1.xml.gz", "https://other.example/sitemap.xml", kind="sitemap"
    )
    assert len(read("/index.xml").files) == 3


def test_sitemaps_that_name_each_other_end(small, read):
    small.resources["/index.xml"] = sitemap(
        f"{small.url}/index.xml", f"{small.url}/sitemap.xml", kind="sitemap"
    )
    assert len(read("/index.xml").files) == 3


def test_addresses_at_other_hosts_are_left(small, read):
    small.resources["/sitemap.xml"] = sitemap(
        f"{small.url}/docs/a", "https://other.example/x", "http://127.0.0.1:1/x"
    )
    found = read("/sitemap.xml")
    assert paths(found) == ["docs/a.html"]
    assert found.failures == ("docs: 2 addresses at other hosts; left out",)


def test_robots_are_obeyed(small, read):
    small.resources["/robots.txt"] = Resource(
        b"User-agent: docent\nDisallow: /docs/*.html$\n\nUser-agent: *\nDisallow: /\n", "text/plain"
    )
    found = read("/sitemap.xml")
    assert paths(found) == ["docs/a.html", "index.html"]
    assert "/docs/b.html" not in small.paths()
    assert found.failures == ("docs: 1 address refused by robots.txt; left out",)


def test_robots_are_obeyed_behind_a_byte_order_mark(small, read):
    robots = b"\xef\xbb\xbfUser-agent: *\nDisallow: /docs/b.html\n"
    small.resources["/robots.txt"] = Resource(robots, "text/plain")
    assert paths(read("/sitemap.xml")) == ["docs/a.html", "index.html"]
    assert "/docs/b.html" not in small.paths()


def test_a_site_that_wants_no_robots(small, read):
    small.resources["/robots.txt"] = Resource(b"User-agent: *\nDisallow: /\n", "text/plain")
    with pytest.raises(SourceRefusedError, match=r"robots\.txt of 127"):
        read("/sitemap.xml")
    assert small.paths() == ["/robots.txt"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_without_robots_all_may_be_read(small, read, status):
    small.resources["/robots.txt"].statuses = [status]
    assert len(read("/sitemap.xml").files) == 3


def test_robots_that_can_not_be_had_mean_that_nothing_may_be_read(small, read):
    small.resources["/robots.txt"].statuses = [503] * 4
    with pytest.raises(DownloadError, match=r"robots\.txt can't be downloaded now \(HTTP 503\)"):
        read("/sitemap.xml")


def test_requests_keep_their_distance(small, read, clock):
    read("/sitemap.xml", rate=2)
    assert clock.slept == [0.5] * 4
    clock.slept.clear()
    small.resources["/robots.txt"] = Resource(b"User-agent: *\nCrawl-delay: 3\n", "text/plain")
    read("/sitemap.xml", rate=2)
    assert sum(clock.slept) == 0.5 + 3 * 3


def test_a_robots_txt_can_not_stop_the_sync_for_years(small, read, clock):
    small.resources["/robots.txt"] = Resource(b"User-agent: *\nCrawl-delay: 9e9\n", "text/plain")
    read("/sitemap.xml")
    assert sum(clock.slept) == 0.25 + 30 * 3


def test_a_redirect_is_followed_only_where_robots_let_docent_read(small, read):
    robots = b"User-agent: *\nDisallow: /private/\n"
    small.resources["/robots.txt"] = Resource(robots, "text/plain")
    small.resources["/docs/a"] = Resource(location="/private/a")
    small.resources["/private/a"] = page("Private")
    found = read("/sitemap.xml")
    assert "/private/a" not in small.paths()
    assert paths(found) == ["docs/b.html", "index.html"]
    assert found.failures == ("docs: 1 address refused by robots.txt; left out",)
    small.resources["/sitemap.xml"] = Resource(location="/private/sitemap.xml")
    with pytest.raises(SourceRefusedError, match=r"robots\.txt"):
        read("/sitemap.xml")
    assert "/private/sitemap.xml" not in small.paths()


def test_a_page_that_is_no_html_at_its_end_keeps_its_links(site, read):
    site.resources["/"] = Resource(
        b'<p><a href="/a.html">A</a></p><![foo[ <a href="/b.html">', "text/html"
    )
    site.resources["/a.html"] = page("A")
    assert paths(read("/")) == ["a.html", "index.html"]


def test_links_are_followed_as_far_as_the_depth(site, read):
    site.resources |= {
        "/docs/": page("Start", "a", "/b#part", "https://other.example/", "mailto:a@b.c", "x.png"),
        "/docs/a": page("A", "c", "../docs/", "/search?q=1"),
        "/b": page("B"),
        "/docs/c": page("C", "/d"),
        "/d": page("D"),
    }
    assert paths(read("/docs/", depth=0)) == ["docs/index.html"]
    assert paths(read("/docs/", depth=1)) == ["docs/a.html", "docs/index.html"]
    assert paths(read("/docs/", depth=2)) == ["docs/a.html", "docs/c.html", "docs/index.html"]
    assert not any("png" in path or "search" in path for path in site.paths())


def test_a_start_page_bounds_the_crawl_to_its_folder(site, read):
    site.resources |= {
        "/docs/": page("Start", "a", "/b", "/docsy"),
        "/docs/a": page("A", "/docs/x/c?utm_source=menu", "/out"),
        "/docs/x/c": page("C"),
        "/out": page("Out"),
        "/b": page("B"),
        "/docsy": page("Docsy"),
    }
    found = read("/docs/")
    assert paths(found) == ["docs/a.html", "docs/index.html", "docs/x/c.html"]
    assert found.failures == (
        "docs: 3 addresses outside of the folder /docs/ (option `crawl`); left out",
    )
    assert "/b" not in site.paths()
    assert len(read("/docs/", crawl="host").files) == 6


@pytest.mark.parametrize(
    ("start", "resources", "read_paths"),
    [
        ("/docs", {"/docs": page("D", "/docs/a", "/b")}, ["docs.html", "docs/a.html"]),
        ("/docs/b", {"/docs/b": page("D", "a", "/b")}, ["docs/a.html", "docs/b.html"]),
        ("/docs/i.html", {"/docs/i.html": page("D", "a", "/b")}, ["docs/a.html", "docs/i.html"]),
        (
            "/docs",
            {
                "/docs": Resource(location="/docs/guide/start"),
                "/docs/guide/start": page("D", "/docs/a", "/b"),
            },
            ["docs/a.html", "docs/guide/start.html"],
        ),
        (
            "/old",
            {"/old": Resource(location="/docs/"), "/docs/": page("D", "/docs/a", "/b")},
            ["docs/a.html", "docs/index.html"],
        ),
        ("/", {"/": page("D", "/docs/a", "/b")}, ["b.html", "docs/a.html", "index.html"]),
    ],
)
def test_the_folder_of_a_start_page(site, read, start, resources, read_paths):
    site.resources |= {"/docs/a": page("A"), "/b": page("B")} | resources
    assert paths(read(start)) == read_paths


def test_the_folder_of_a_sitemap(small, read):
    small.resources["/docs/sitemap.xml"] = small.resources["/sitemap.xml"]
    found = read("/docs/sitemap.xml")
    assert paths(found) == ["docs/a.html", "docs/b.html"]
    assert "outside of the folder /docs/" in found.failures[0]
    assert len(read("/docs/sitemap.xml", crawl="host").files) == 3
    small.resources["/maps/sitemap.xml"] = small.resources["/sitemap.xml"]
    assert len(read("/maps/sitemap.xml").files) == 3


def test_options_choose_pages(site, read):
    site.resources |= {
        "/": page("Start", "/docs/a", "/docs/old/b", "/blog/c"),
        "/docs/a": page("A"),
        "/docs/old/b": page("B"),
        "/blog/c": page("C"),
    }
    found = read("/", include=("/docs/**",), exclude=("old/",))
    assert paths(found) == ["docs/a.html"]
    assert "/blog/c" not in site.paths()


def test_one_page_under_many_addresses_is_one(site, read):
    site.resources |= {
        "/": page("Start", "/a", "/a.html", "/copy", "/print/a", "/b/../a"),
        "/a": page("A"),
        "/a.html": page("A"),
        "/copy": page("A for printers", head='<link rel="canonical" href="/a">'),
        "/print/a": Resource(location="/a"),
    }
    found = read("/")
    assert [file.url for file in found.files] == [f"{site.url}/a", f"{site.url}/"]
    assert found.failures == ("docs: 3 addresses with the text of another page; left out",)


def test_two_pages_with_one_path_keep_a_path_each(site, read):
    site.resources |= {
        "/": page("Start", "/a", "/a.html", "/b", "/b/", "/b/index.html", "/c?utm_source=x", "/c"),
        "/a": page("A"),
        "/a.html": page("Another A"),
        "/b": page("B", head="<script>nonce = 1</script>"),
        "/b/": page("B", head="<script>nonce = 2</script>"),
        "/b/index.html": page("Another B"),
        "/c": page("C"),
    }
    found = read("/", depth=1)
    by_url = {file.url.removeprefix(site.url): file.path for file in found.files}
    assert by_url.keys() == {"/", "/a", "/a.html", "/b", "/b/index.html", "/c"}
    assert by_url["/a.html"] == "a.html"
    assert by_url["/a"].startswith("a-")
    assert len(set(by_url.values())) == 6
    assert read("/", depth=1) == found


@pytest.mark.parametrize("target", ["/", "/index.html", "/docs/"])
def test_a_canonical_address_that_every_page_names_is_not_believed(site, read, target):
    head = f'<link rel="canonical" href="{target}">'
    site.resources |= {
        "/": page("Start", "/a", "/b", "/c", head=head),
        **{f"/{name}": page(f"Page {name}", head=head) for name in "abc"},
    }
    urls = [file.url.removeprefix(site.url) for file in read("/").files]
    assert {"/a", "/b", "/c"} < set(urls)


def test_old_versions_may_name_the_newest_page(site, read):
    head = '<link rel="canonical" href="/latest/a">'
    site.resources |= {
        "/": page("Start", "/v1/a", "/v2/a", "/latest/a"),
        **{f"/{name}/a": page(f"A of {name}", head=head) for name in ("v1", "v2", "latest")},
    }
    found = read("/")
    assert [file.url for file in found.files] == [f"{site.url}/", f"{site.url}/latest/a"]
    assert b"A of latest" in found.files[1].data


def test_a_canonical_address_is_what_readers_see_but_not_at_another_host(site, read):
    site.resources |= {
        "/": page("Start", "/v1/a", "/b"),
        "/v1/a": page("A", head='<base href="/latest/"><link rel="canonical" href="a">'),
        "/b": page("B", head='<link rel="canonical" href="https://other.example/b">'),
    }
    assert [file.url for file in read("/").files] == [
        f"{site.url}/b",
        f"{site.url}/",
        f"{site.url}/latest/a",
    ]


def test_the_links_of_an_llms_txt(site, read):
    site.resources |= {
        "/llms.txt": Resource(
            b"# Docs\n\n> About.\n\n- [A](/docs/a.md): first\n- [B](docs/b)\n"
            b'- [C](docs/c "Title")\n- [Elsewhere](https://other.example/x)\n',
            "text/plain",
        ),
        "/docs/a.md": Resource(b"# A", "text/markdown"),
        "/docs/b": Resource(b"# B", "text/plain; charset=utf-8"),
        "/docs/c": page("C"),
    }
    found = read("/llms.txt")
    assert paths(found) == ["docs/a.md", "docs/b.txt", "docs/c.html"]
    types = [file.media_type.partition(";")[0] for file in found.files]
    assert types == ["text/markdown", "text/plain", "text/html"]


def test_a_page_in_markdown_is_cited_by_its_twin(site, read):
    site.resources |= {
        "/llms.txt": Resource(b"- [A](/a.md)\n- [B](/b.md)\n- [C](/c/index.md)", "text/plain"),
        **{f"/{name}.md": Resource(b"# " + name.encode(), "text/markdown") for name in "ab"},
        "/c/index.md": Resource(b"# C", "text/markdown"),
        "/a": page("A"),
        "/b": page("B"),
    }
    found = read("/llms.txt")
    assert [(file.path, file.url.removeprefix(site.url)) for file in found.files] == [
        ("a.md", "/a"),
        ("b.md", "/b"),
        ("c/index.md", "/c/"),
    ]
    assert found.failures == ()


def test_twins_that_the_pages_name(site, read):
    site.resources |= {
        "/llms.txt": Resource(b"- [A](/a.md)\n- [B](/b)\n- [B](/b.md)\n", "text/plain"),
        "/a.md": Resource(b"# A", "text/markdown", headers={"Link": '</docs/a>; rel="canonical"'}),
        "/b": page("B", head='<link rel="alternate" type="text/markdown" href="/b.md">'),
        "/b.md": Resource(b"# B", "text/markdown"),
    }
    assert [(file.path, file.url.removeprefix(site.url)) for file in read("/llms.txt").files] == [
        ("a.md", "/docs/a"),
        ("b.html", "/b"),
    ]


def test_lists_that_an_llms_txt_names(site, read):
    site.resources |= {
        "/llms.txt": Resource(
            b"- [Part](/api/llms.txt)\n- [All](/llms-full.txt)\n- [A](/a)", "text/plain"
        ),
        "/api/llms.txt": Resource(b"- [B](b)", "text/plain"),
        "/a": page("A"),
        "/api/b": page("B"),
    }
    assert paths(read("/llms.txt")) == ["a.html", "api/b.html"]
    assert "/llms-full.txt" not in site.paths()


@pytest.mark.parametrize("start", ["/llms-full.txt", "/llms.txt"])
def test_the_pages_of_an_llms_full_txt(site, read, start):
    site.resources |= {
        "/llms.txt": Resource(b"- [All](/llms-full.txt)", "text/plain"),
        "/llms-full.txt": Resource(
            b"# All\n\n# A\nSource: /docs/a\n\ntext a\n\n# B\nSource: /docs/b\n\ntext b\n"
            b"\n# Old\nSource: /old\n\nold\n",
            "text/plain",
        ),
    }
    found = read(start, exclude=("old",))
    assert [(file.path, file.url.removeprefix(site.url)) for file in found.files] == [
        ("docs/a.md", "/docs/a"),
        ("docs/b.md", "/docs/b"),
        ("llms-full.txt", "/llms-full.txt"),
    ]
    assert found.files[0].data == b"# A\n\ntext a"
    assert found.files[0].media_type == "text/markdown; charset=utf-8"


def test_pdfs_word_files_and_markdown_of_any_type(site, read):
    octets = "application/octet-stream"
    site.resources |= {
        "/": page("Start", "/a.pdf", "/b.md", "/c", "/d", "/e.md", "/f", "/g.docx", "/h.bin"),
        "/a.pdf": Resource(b"%PDF-1.7", "application/pdf"),
        "/b.md": Resource(b"# B", octets),
        "/c": Resource(b"# C", "text/mdx"),
        "/d": Resource(b"PK\x03\x04 word/document.xml" + b"x" * 2_000, octets),
        "/e.md": Resource(b"# E", "text/plain"),
        "/f": Resource(b"\x7fELF" * 2_000, octets),
        "/g.docx": Resource(b"PK\x03\x04 word/document.xml", ""),
        "/h.bin": Resource(b"%PDF", octets),
    }
    found = read("/")
    assert {file.path: file.media_type.partition(";")[0] for file in found.files} == {
        "a.pdf": "application/pdf",
        "b.md": "text/markdown",
        "c.mdx": "text/mdx",
        "d.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "e.md": "text/markdown",
        "g.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "index.html": "text/html",
    }
    assert "/h.bin" not in site.paths()


def test_a_dead_or_broken_child_sitemap_costs_only_itself(small, read):
    names = ["/dead.xml", "/page.xml", "/odd.xml", "/private.xml", "/sitemap.xml"]
    small.resources |= {
        "/index.xml": sitemap(*(small.url + name for name in names), kind="sitemap"),
        "/page.xml": page("Not found"),
        "/odd.xml": Resource(
            f"\n<?xml version='1.0'?><urlset><url><loc>{small.url}/c?a=1&b=2</loc></url>".encode(),
            XML,
        ),
        "/private.xml": Resource(login="Bearer x"),
        "/c?a=1&b=2": page("C"),
    }
    found = read("/index.xml")
    assert paths(found) == ["c_a=1_b=2.html", "docs/a.html", "docs/b.html", "index.html"]
    dead, html, odd, private = found.failures
    assert dead == f"{small.url}/dead.xml: there is nothing (HTTP 404); left out"
    assert "is not a sitemap" in html
    assert "is broken (" in odd
    assert odd.endswith("read, with 1 whole address")
    assert "another login" in private


def test_a_child_sitemap_that_fails_now_is_kept_as_it_was(small, read):
    small.resources["/index.xml"] = sitemap(f"{small.url}/sitemap.xml", kind="sitemap")
    first = read("/index.xml")
    small.resources["/sitemap.xml"].statuses = [503] * 4
    found = read("/index.xml")
    assert found.files == first.files
    assert found.failures[0].endswith("(kept as it was)")


def test_a_long_robots_txt_is_read_as_far_as_the_standard_asks(small, read):
    rules = b"User-agent: *\nDisallow: /docs/b.html\n" + b"# comment\n" * 60_000
    small.resources["/robots.txt"] = Resource(rules + b"Disallow: /\n", "text/plain")
    assert paths(read("/sitemap.xml")) == ["docs/a.html", "index.html"]
    # Half a rule is another rule.
    rules = rules[: 2**19 - len("Disallow: /d")].rpartition(b"\n")[0]
    rules += b"\n" + b"#" * (2**19 - len(rules) - 14) + b"\nDisallow: /docs/none\n"
    small.resources["/robots.txt"] = Resource(rules, "text/plain", etag='"long"')
    assert len(read("/sitemap.xml").files) == 2


def test_only_pages_are_read(small, read):
    small.resources["/docs/a"] = Resource(b"PNG", "image/png")
    small.resources["/docs/b.html"] = Resource(
        "Größe".encode("latin-1"), "text/html; charset=latin-1"
    )
    found = read("/sitemap.xml")
    assert paths(found) == ["docs/b.html", "index.html"]
    assert found.files[0].data.decode("latin-1") == "Größe"
    assert found.files[0].media_type == "text/html; charset=latin-1"


@pytest.mark.parametrize(
    ("path", "resource", "error", "said"),
    [
        ("/none.xml", None, SourceNotFoundError, "nothing at"),
        ("/sitemap.xml", page("Sign in"), SourceFormatError, "is not a sitemap"),
        ("/sitemap.xml", Resource(b"<rss/>", XML), SourceFormatError, "first element is rss"),
        ("/sitemap.xml", Resource(b"<!DOCTYPE a><a/>", XML), SourceFormatError, "document type"),
        ("/sitemap.xml", sitemap(), SourceEmptyError, "no documents"),
        ("/s.xml.gz", Resource(b"\x1f\x8b\x08broken", XML), SourceFormatError, "unpacked"),
        ("/llms.txt", page("Sign in"), SourceFormatError, "web page and not an llms"),
        ("/llms.txt", Resource(b"# None", "text/plain"), SourceEmptyError, "no documents"),
        ("/start", Resource(b"PK", "application/zip"), SourceFormatError, "option `kind`"),
        ("/start", None, SourceNotFoundError, "nothing at"),
        ("/start", Resource(login="Bearer x"), SourceAccessError, "another login"),
        ("/start", Resource(statuses=[500] * 4), DownloadError, "HTTP 500"),
        ("/start", Resource(location="http://10.0.0.1/"), SourceRefusedError, "private network"),
    ],
)
def test_what_is_no_website(site, read, path, resource, error, said):
    if resource:
        site.resources[path] = resource
    with pytest.raises(error, match=said):
        read(path)


def test_pages_that_fail_are_named_and_a_known_one_is_kept(small, read):
    read("/sitemap.xml")
    small.resources["/docs/a"].statuses = [500] * 4
    small.resources["/docs/b.html"].statuses = [404]
    small.resources["/"] = Resource(location="http://10.0.0.1/")
    found = read("/sitemap.xml")
    assert paths(found) == ["docs/a.html"]
    first, second, third = found.failures
    assert first.endswith("try again later (kept as it was)")
    assert second == f"{small.url}/docs/b.html: there is nothing (HTTP 404); left out"
    assert third == "docs: 1 address at other hosts; left out"


def test_a_site_that_breaks_down_is_no_small_site_and_is_gone_on_with(site, read):
    pages = {f"/{n}": page(f"Page {n}", etag=f'"{n}"') for n in range(12)}
    site.resources |= pages | {"/sitemap.xml": sitemap(*(site.url + path for path in pages))}
    for path in list(pages)[5:]:
        site.resources[path].statuses = [503] * 4
    with pytest.raises(DownloadError, match="HTTP 503"):
        read("/sitemap.xml")
    for resource in pages.values():
        resource.statuses = []
    site.clear()
    assert len(read("/sitemap.xml").files) == 12
    assert site.body_bytes == sum(len(pages[path].body) for path in list(pages)[5:])


@pytest.mark.usefixtures("small")
def test_a_website_has_limits(read, downloads):
    found = read("/sitemap.xml", max_pages=2)
    assert len(found.files) == 2
    assert found.failures == ("docs: 1 address beyond `max_pages`; left out",)
    downloads.folder = downloads.folder / "anew"
    downloads.limits = Limits(bytes=400)
    with pytest.raises(SourceRefusedError, match="DOCENT_DOWNLOAD_MAX_MB"):
        read("/sitemap.xml")
    downloads.limits = Limits(seconds=1)
    with pytest.raises(DownloadError, match="took over"):
        read("/sitemap.xml", rate=0.5)


def test_progress_counts_pages(small, downloads):
    seen: list[DownloadProgress] = []
    source = Source("docs", f"{small.url}/sitemap.xml")
    read_source(source, downloads, is_wanted=lambda _: True, progress=seen.append)
    assert list(dict.fromkeys(received.pages for received in seen)) == [0, 1, 2, 3]
    assert seen[-1].bytes == small.body_bytes


def test_a_token_is_sent_to_every_page(small, read, monkeypatch):
    monkeypatch.setenv("DOCS_TOKEN", "t0ken")
    for resource in small.resources.values():
        resource.login = "Bearer t0ken"
    assert len(read("/sitemap.xml", token_env="DOCS_TOKEN").files) == 3


@pytest.mark.usefixtures("small")
def test_a_template_can_name_other_addresses(read):
    found = read("/sitemap.xml", url="https://docs.example/{path_stem}")
    assert found.files[0].url == "https://docs.example/docs/a"


def test_a_folder_that_can_not_be_written(small, downloads, tmp_path):
    (tmp_path / "file").write_text("")
    downloads.folder = tmp_path / "file"
    with pytest.raises(DownloadError, match="can't be stored"):
        read_source(Source("docs", f"{small.url}/"), downloads, is_wanted=lambda _: True)
