"""Addresses of sources: a text is a source, or a sentence that says why not."""

from __future__ import annotations

import contextlib
import json
from pathlib import PurePosixPath

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ingest.errors import IngestError
from ingest.sources import parse_sources
from ingest.sources.address.patterns import check_patterns, is_selected
from ingest.sources.address.uri import (
    derive_name,
    detect_kind,
    is_supported_uri,
    normalise_uri,
    redact_uri,
)
from ingest.sources.address.url_template import check_template, fill_template
from rag_core.errors import SettingsError
from tests.hostile.fuzz.inputs import documents, texts

PARTS = [
    "https://",
    "http:",
    "git+ssh://",
    "git+https://",
    "file://",
    "ssh:",
    "git@",
    "user:pass@",
    "e.test",
    "[::1]",
    "[",
    "]",
    ":443",
    ":99999",
    ":x",
    "/",
    "//",
    "?q=",
    "#main",
    "@v1",
    ".git",
    ".zip",
    ".tar.gz",
    "sitemap.xml",
    "~",
    "--upload-pack=x",
    "ext::sh",
    "*",
    "**",
    "!",
    "{stem}",
    "{path}",
    "{",
    "}",
    "C:",
    "169.254.169.254",
]
addresses = texts(PARTS, size=10)
REFUSALS = (SettingsError, IngestError)


@given(addresses)
@example("~0")
@example("~\x00")
@example("file://[x")
@example("http:\x1b]52;c;https://")
def test_an_address_is_read_or_refused(address: str):
    with contextlib.suppress(*REFUSALS):
        uri = normalise_uri(address)
        assert all(isinstance(read(uri), str) for read in (detect_kind, derive_name))
        assert is_supported_uri(uri) in {True, False}
    assert isinstance(redact_uri(address), str)


@given(st.lists(addresses, max_size=3).map(" ".join))
@example("~nobody/docs")
@example("file://[x")
@example("https://a]b/c")
def test_sources_in_words(text: str):
    read_or_refuse(text)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"uri": addresses},
            optional=dict.fromkeys(
                ("name", "url", "include", "exclude", "version", "token_env", "x"),
                addresses | documents,
            ),
        ),
        max_size=3,
    )
)
def test_sources_in_json(items):
    read_or_refuse(json.dumps(items))


@given(documents.map(json.dumps))
def test_sources_in_any_json(text: str):
    read_or_refuse(text)


def read_or_refuse(text: str) -> None:
    with contextlib.suppress(*REFUSALS):
        assert isinstance(parse_sources(text), tuple)


@given(st.lists(addresses, max_size=3), addresses)
def test_patterns(patterns: list[str], path: str):
    try:
        check_patterns("include", tuple(patterns))
    except REFUSALS:
        return
    assert is_selected(tuple(patterns), (), path) in {True, False}


@given(addresses, addresses)
def test_templates(template: str, path: str):
    assume(PurePosixPath(path).name)  # as every file has
    try:
        check_template(template)
    except REFUSALS:
        return
    assert isinstance(fill_template(template, path), str)
