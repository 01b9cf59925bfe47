"""Sources: what DOCENT_SOURCES and the command line name becomes files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from ingest.errors import SourceFormatError
from ingest.sources.archive import read_archive
from ingest.sources.base import (
    RawFile,
    Source,
    SourceFiles,
    canonical_uri,
    default_name,
    distinct_name,
    placeholders,
    template_names,
)
from ingest.sources.directory import read_directory, read_single
from ingest.sources.download import Downloads
from rag_core.errors import SettingsError

__all__ = [
    "Downloads",
    "RawFile",
    "Source",
    "SourceFiles",
    "parse_sources",
    "read_source",
    "select_sources",
]

_OPTIONS = {"uri", "name", "url"}


def parse_sources(text: str) -> tuple[Source, ...]:
    """Read `DOCENT_SOURCES`: URIs separated by white space, or a JSON list of objects.

    Raises:
        SettingsError: what is wrong with it, in one sentence.
    """
    if not text.strip().startswith(("[", "{")):
        words = text.split()
        return _distinct(replace(_source(uri), among_words=len(words) > 1) for uri in words)
    try:
        items = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"DOCENT_SOURCES is not valid JSON: {error}.") from error
    return _distinct(_configured(item) for item in (items if isinstance(items, list) else [items]))


def select_sources(words: Sequence[str], configured: Sequence[Source]) -> tuple[Source, ...]:
    """What a command line names: a configured source by name or URI, or a new one.

    No word means everything that is configured.

    Raises:
        SettingsError: nothing is named and nothing is configured.
    """
    if not words and not configured:
        raise SettingsError("There is nothing to index: name a source, or set DOCENT_SOURCES.")
    known = {key: source for source in configured for key in (source.uri, source.name)}
    picked = [known.get(canonical_uri(word)) or known.get(word) or _source(word) for word in words]
    return _distinct(picked) if words else tuple(configured)


def read_source(
    source: Source, downloads: Downloads, *, wanted: Callable[[str], bool]
) -> SourceFiles:
    """Read the files of a source whose paths are `wanted`.

    Raises:
        SourceError: the source can't be read.
    """
    if source.is_remote:
        return read_archive(source, downloads.fetch(source), wanted=wanted)
    if source.location.is_dir():
        return read_directory(source, wanted=wanted)
    if source.location.is_file() and wanted(source.location.name):
        return read_single(source)
    return read_archive(source, source.location, wanted=wanted)


def _configured(item: Any) -> Source:
    if isinstance(item, str):
        return _source(item)
    if not isinstance(item, dict) or not isinstance(item.get("uri"), str):
        raise SettingsError("Each object in DOCENT_SOURCES needs a `uri`.")
    if unknown := set(item) - _OPTIONS:
        raise SettingsError(
            f"DOCENT_SOURCES has an unknown option `{min(unknown)}`: use uri, name and url."
        )
    if not all(isinstance(value, str) for value in item.values()):
        raise SettingsError("The options of DOCENT_SOURCES are texts.")
    return _source(item["uri"], name=item.get("name", ""), url=item.get("url", ""))


def _source(uri: str, *, name: str = "", url: str = "") -> Source:
    if not uri.strip():
        raise SettingsError("A source is empty: name a directory, a zip file or its address.")
    uri = canonical_uri(uri)
    _check_uri(uri)
    if url:
        _check_template(url)
    return Source(name=name or default_name(uri), uri=uri, url=url)


def _check_uri(uri: str) -> None:
    if "://" not in uri or uri.startswith(("https://", "http://")):
        return
    shown = Source("", uri).shown_uri
    raise SourceFormatError(f"{shown} is not a directory, a .zip file or an https://….zip.")


def _check_template(url: str) -> None:
    allowed = set(placeholders("a.md"))
    try:
        names = template_names(url)
    except ValueError as error:
        raise SettingsError(f"The url template {url} is not valid: {error}.") from error
    if not names or names - allowed:
        raise SettingsError(
            f"The url template {url} needs {{path}}, {{path_stem}} or {{stem}}, and no others."
        )


def _distinct(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Each source once; two places with one derived name get names that tell them apart.

    Raises:
        SettingsError: two sources were given one name.
    """
    by_uri = {source.uri: source for source in sources}
    by_name: dict[str, Source] = {}
    for source in by_uri.values():
        name = source.name
        if name in by_name:
            if name != default_name(source.uri):
                raise SettingsError(f"Two sources in DOCENT_SOURCES are named {name}.")
            name = distinct_name(source)
        by_name[name] = replace(source, name=name)
    return tuple(by_name.values())
