"""The suffix of a settings file says how it is read."""

from __future__ import annotations

import pytest

from ingest.sites.settings.files import read_settings


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("hugo.toml", "a = 1"),
        ("docs.json", '{"a": 1}'),
        ("mkdocs.yml", "a: 1"),
        ("conf.py", "a = 1"),
        ("docusaurus.config.ts", "export default {a: 1}"),
    ],
)
def test_each_kind_is_read(path: str, text: str):
    assert read_settings(path, text) == {"a": 1}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("hugo.toml", "a = "),
        ("hugo.toml", "[a]\n" * 10_000),
        ("docs.json", "[" * 100_000),
        ("docs.json", "[1]"),
        ("README", "a: 1"),
    ],
)
def test_a_broken_file_has_no_values(path: str, text: str):
    assert read_settings(path, text) == {}
