from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.address.uri import (
    derive_name,
    detect_kind,
    is_supported_uri,
    normalise_uri,
    redact_uri,
)


@pytest.mark.parametrize(
    ("uri", "kind", "name"),
    [
        ("/srv/docs", "path", "docs"),
        ("/srv/docs.tar.gz", "path", "docs"),
        ("/srv/guide.md", "path", "guide.md"),
        ("https://h.example/v2/guide.zip", "archive", "guide"),
        ("https://h.example/GUIDE.TAR.ZST?x=1", "archive", "GUIDE"),
        ("https://h.example/a%20b.tgz", "archive", "a b"),
        ("git+https://h.example/org/docs.git@v1#en", "git", "docs"),
        ("git+file:///srv/docs", "git", "docs"),
        ("git+ssh://git@h.example/org/docs.git", "git", "docs"),
        ("https://h.example/sitemap.xml", "website", "h.example"),
        ("https://me:pw@h.example:8443/llms.txt", "website", "h.example"),
        ("https://h.example", "website", "h.example"),
    ],
)
def test_kind_and_name(uri: str, kind: str, name: str):
    assert (detect_kind(uri), derive_name(uri)) == (kind, name)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://me:pw@h.example:8443/a.zip?token=t#x", "https://h.example:8443/a.zip"),
        ("git+https://me:pw@h.example/a@b#c d", "git+https://h.example/a@b#c d"),
        ("git+ssh://git@h.example/a", "git+ssh://h.example/a"),
        ("git+file:///srv/a", "git+file:///srv/a"),
        ("https://[broken/a", "https://…"),
        ("/srv/a?b", "/srv/a?b"),
    ],
)
def test_what_is_shown(uri: str, shown: str):
    assert redact_uri(uri) == shown


@pytest.mark.parametrize(
    "uri", ["ftp://h/x", "https://", "https://h:port/", "git+ext::sh", "git+file://", "http://[x/"]
)
def test_what_is_no_address(uri: str):
    assert not is_supported_uri(uri)


@given(st.text(max_size=60))
def test_any_text_has_a_kind_and_a_name_and_shows_no_password(text: str):
    for uri in (
        normalise_uri("docs/" + text),
        f"https://me:p4ssw0rd@{text}",
        f"git+https://{text}",
    ):
        assert detect_kind(uri)
        assert derive_name(uri)
        host = text.partition("/")[0].partition("#")[0].partition("?")[0]
        if "p4ssw0rd" not in host:
            assert "p4ssw0rd" not in redact_uri(uri)
        is_supported_uri(uri)
