from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.website.media_types import HTML, MARKDOWN, SUFFIXES, TEXT
from ingest.sources.website.paths import (
    build_kin_key,
    build_page_path,
    extract_folder,
    extract_host,
    extract_page_name,
    is_home,
    resolve_link,
    strip_tracking,
)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("b", "https://h.example/a/b"),
        ("../c#part", "https://h.example/c"),
        ("HTTPS://H.example:443", "https://h.example/"),
        ("//other:8080/x y?q=ü", "https://other:8080/x%20y?q=%C3%BC"),
        ("/a%20b", "https://h.example/a%20b"),
        ("mailto:a@b.c", ""),
        ("javascript:void(0)", ""),
        ("http://[x/", ""),
        ("http://h:port/", ""),
        ("http://[::1]/x", "http://[::1]/x"),
    ],
)
def test_links_become_one_spelling(link: str, address: str):
    assert resolve_link("https://h.example/a/", link) == address


@pytest.mark.parametrize(
    ("address", "media_type", "path"),
    [
        ("https://h/", HTML, "index.html"),
        ("https://h/docs/", HTML, "docs/index.html"),
        ("https://h/docs/install", HTML, "docs/install.html"),
        ("https://h/docs/v1.2", HTML, "docs/v1.2.html"),
        ("https://h/a.htm", HTML, "a.htm"),
        ("https://h/a.php", HTML, "a.php.html"),
        ("https://h/a.md", TEXT, "a.md"),
        ("https://h/a.html", MARKDOWN, "a.html.md"),
        ("https://h/a%20b", TEXT, "a b.txt"),
        ("https://h/%2e%2e/%5cx/a", HTML, "_x/a.html"),
        ("https://h/page?id=3&x=/y", HTML, "page_id=3_x=_y.html"),
    ],
)
def test_addresses_become_paths(address: str, media_type: str, path: str):
    assert build_page_path(address, media_type) == path


def test_a_long_address_has_a_path_of_its_own():
    first, second = (build_page_path(f"https://h/{'a' * 900}{n}", HTML) for n in (1, 2))
    assert len(first) < 300
    assert first != second
    assert first.endswith(".html")


@given(st.text(max_size=80))
def test_any_link_has_one_spelling_and_a_safe_path(link: str):
    address = resolve_link("https://h.example/docs/", link)
    if not address:
        return
    assert resolve_link(address, "") == address
    extract_host(address)
    assert strip_tracking(strip_tracking(address)) == strip_tracking(address)
    build_kin_key(address)
    for media_type, suffixes in SUFFIXES.items():
        path = build_page_path(address, media_type)
        assert path.endswith(suffixes) or path.lower().endswith(suffixes)
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert not set(path) & set("\\\0\n")
        path.encode()


def test_both_schemes_are_one_site():
    assert extract_host("http://h/") == extract_host("https://h:443/x")
    assert extract_host("http://h:8080/") != extract_host("http://h/")


@pytest.mark.parametrize(
    ("address", "short"),
    [
        ("https://h/a?utm_source=x&utm_medium=y", "https://h/a"),
        ("https://h/a?id=3&gclid=x&b=", "https://h/a?id=3&b="),
        ("https://h/a?gclid", "https://h/a"),
        ("https://h/a?ref=main", "https://h/a?ref=main"),
        ("https://h/a?", "https://h/a"),
    ],
)
def test_parameters_that_count_visitors_are_left_out(address: str, short: str):
    assert strip_tracking(address).removesuffix("?") == short


def test_the_usual_addresses_of_one_page_are_kin():
    paths = ("a", "a/", "a.html", "a.htm", "a/index.html", "a/index.php", "a.md", "a?utm_id=3")
    assert len({build_kin_key(f"https://h/x/{path}") for path in paths}) == 1
    assert build_kin_key("https://h/a?x=1") != build_kin_key("https://h/a")
    assert build_kin_key("https://h/a") != build_kin_key("https://h/b/a")


def test_names_and_folders():
    assert (
        extract_page_name("https://h/docs/A.html?x") == extract_page_name("https://h/v1/a/") == "a"
    )
    assert extract_folder("https://h/docs/a") == "/docs/"
    assert extract_folder("https://h/") == "/"
    assert is_home("https://h/index.html")
    assert not is_home("https://h/docs/")
