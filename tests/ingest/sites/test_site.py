"""Addresses, versions and languages of sites."""

from __future__ import annotations

import pytest

from ingest.sites.site import Route, Site, build_base, clean_language, clean_version, join_folder


@pytest.mark.parametrize(
    ("address", "path", "base"),
    [
        ("https://x.test", "", "https://x.test/"),
        ("https://x.test/", "/docs", "https://x.test/docs/"),
        ("https://x.test/a/", "b/c/", "https://x.test/a/b/c/"),
        ("http://x.test:8080/a?q#f", "", "http://x.test:8080/a/"),
        ("x.test", "", ""),
        ("https://[x", "", ""),
        ("https://${host}/", "", ""),
    ],
)
def test_bases(address: str, path: str, base: str):
    assert build_base(address, path) == base


def test_routes_are_percent_encoded():
    site = Site("mkdocs", lambda head: Route(head.path), "https://x.test/")
    assert site.build_address(Route("a b/ü#?.html")) == "https://x.test/a%20b/%C3%BC%23%3F.html"


@pytest.mark.parametrize(
    ("text", "tag"), [("pt_BR", "pt-BR"), ("EN", "en"), ("zh-Hans", "zh-Hans"), ("english!", "")]
)
def test_languages(text: str, tag: str):
    assert clean_language(text) == tag


def test_versions_and_folders():
    assert clean_version("2.1 beta") == "2.1 beta"
    assert clean_version("<b>") == ""
    assert join_folder("docs/", "./pages") == "docs/pages/"
    assert join_folder("docs/", "..") == ""
