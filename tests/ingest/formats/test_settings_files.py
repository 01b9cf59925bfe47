"""Settings of site makers are known by their names."""

from __future__ import annotations

import pytest

from ingest.formats import is_document, is_wanted
from ingest.formats.settings_files import is_settings_file
from ingest.sources.source import is_hidden

SETTINGS = [
    *("mkdocs.yml", "docs/mkdocs.yaml", "zensical.toml", "_config.yml", "a/_toc.yml", "hugo.toml"),
    *("hugo.json", "config.toml", "config/_default/hugo.toml", "config/_default/languages.toml"),
    *("config/_default/config.yaml", ".vitepress/config.js", "docs/.vitepress/config.mts"),
    *("docs/.vitepress/config/index.ts", "conf.py", "docs.json", "mint.json", "astro.config.mjs"),
    *("next.config.ts", "docusaurus.config.ts", "antora.yml", "antora-playbook.yml", "book.toml"),
    *("local-antora-playbook.yml", ".gitbook.yaml", ".readthedocs.yaml", "versions.json"),
    "api_versions.json",
]
OTHERS = [
    *("package.json", ".vitepress/theme/index.ts", ".vitepress/notes.md", "languages.toml"),
    *("x/module.toml", ".env", ".github/config.yml.bak", "settings.py", "mkdocs.yml.md"),
]


@pytest.mark.parametrize("path", SETTINGS)
def test_settings(path: str):
    assert is_settings_file(path)
    assert is_wanted(path)
    assert not is_hidden(path)
    assert not is_document(path)


@pytest.mark.parametrize("path", OTHERS)
def test_other_files(path: str):
    assert not is_settings_file(path)


@pytest.mark.parametrize(
    "path", [".git/config.json", ".cache/mkdocs.yml", "node_modules/x/docs.json"]
)
def test_settings_in_hidden_folders_are_hidden(path: str):
    assert is_hidden(path)
