from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.address.git_uri import GitUri, parse_git_uri
from ingest.sources.address.uri import is_supported_uri, redact_uri
from rag_core.errors import SettingsError


@pytest.mark.parametrize(
    ("uri", "parsed"),
    [
        (
            "git+https://github.com/a/b.git@v2.6#docs/en/",
            GitUri("https://github.com/a/b.git", "https", "", "v2.6", "docs/en"),
        ),
        (
            "git+https://me:pa%40ss@h.example:8443/a/b@feature/x",
            GitUri("https://h.example:8443/a/b", "https", "me:pa@ss", "feature/x", ""),
        ),
        (
            "git+ssh://git:no@github.com/a/b.git#my%20docs",
            GitUri("ssh://git@github.com/a/b.git", "ssh", "", "", "my docs"),
        ),
        ("git+file:///srv/b@main", GitUri("file:///srv/b", "file", "", "main", "")),
    ],
)
def test_taken_apart(uri: str, parsed: GitUri):
    assert parse_git_uri(uri) == parsed


@pytest.mark.parametrize(
    "uri",
    [
        "git+https://h/a@--upload-pack=x",
        "git+https://h/a@a..b",
        "git+https://h/a@a b",
        "git+https://h/a@x.lock",
        "git+https://h/a#../..",
        "git+https://h/a#docs//en",
    ],
)
def test_what_git_might_take_for_more_is_refused(uri: str):
    with pytest.raises(SettingsError, match="names no"):
        parse_git_uri(uri)


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("git+https://github.com/a/b.git@v2#docs", "https://github.com/a/b/blob/v2/docs/x%20y.md"),
        ("git+ssh://git@gitlab.com/a/b.git", "https://gitlab.com/a/b/-/blob/HEAD/x%20y.md"),
        ("git+https://me:pw@h.example/b#docs", "https://h.example/b#docs/x%20y.md"),
        ("git+file:///srv/b", "file:///srv/b#x%20y.md"),
    ],
)
def test_pages_have_an_address(uri: str, url: str):
    assert parse_git_uri(uri).build_page_url("x y.md") == url


def test_a_commit_never_moves():
    assert parse_git_uri(f"git+https://h/a@{'a1' * 20}").is_commit
    assert not parse_git_uri("git+https://h/a@a1a1a1a").is_commit


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_taken_apart_or_refused_and_shows_no_password(ref: str, folder: str):
    uri = f"git+https://me:p4ssw0rd@h.example/a@{ref}#{folder}"
    assert "p4ssw0rd" not in redact_uri(uri).partition("/a@")[0]
    if not is_supported_uri(uri):
        return
    try:
        parsed = parse_git_uri(uri)
    except SettingsError:
        return
    assert not parsed.ref.startswith("-")
    assert ".." not in parsed.folder.split("/")
