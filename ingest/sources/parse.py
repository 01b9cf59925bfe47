"""What DOCENT_SOURCES and the command line name becomes sources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingest.sources.base import Source, canonical_uri, default_name, distinct_name
from ingest.sources.options import configured_source, named_source
from rag_core.errors import SettingsError


def parse_sources(text: str) -> tuple[Source, ...]:
    """Read `DOCENT_SOURCES`: URIs separated by white space, or a JSON list of objects.

    Raises:
        SettingsError: what is wrong with it, in one sentence.
        SourceFormatError: an address is none that docent reads.
    """
    if not text.strip().startswith(("[", "{")):
        words = text.split()
        return _distinct(replace(named_source(uri), among_words=len(words) > 1) for uri in words)
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"DOCENT_SOURCES is not valid JSON: {error}.") from error
    listed = items if isinstance(items, list) else [items]
    return _distinct(configured_source(item) for item in listed)


def select_sources(words: Sequence[str], configured: Sequence[Source]) -> tuple[Source, ...]:
    """What a command line names: a configured source by name or URI, or a new one.

    No word means everything that is configured.

    Raises:
        SettingsError: nothing is named and nothing is configured.
    """
    if not words and not configured:
        raise SettingsError("There is nothing to index: name a source, or set DOCENT_SOURCES.")
    known = {key: source for source in configured for key in (source.uri, source.name)}
    picked = [
        known.get(canonical_uri(word)) or known.get(word) or named_source(word) for word in words
    ]
    return _distinct(picked) if words else tuple(configured)


def _distinct(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Each source once; two with one derived name get names that tell them apart.

    Raises:
        SettingsError: two sources were given one name.
    """
    by_name: dict[str, Source] = {}
    for source in dict.fromkeys(sources):
        name, other = source.name, by_name.get(source.name)
        # One place may be there twice, with other options, but then it needs two names.
        if other and other.uri != source.uri and name == default_name(source.uri):
            name = distinct_name(source)
        if name in by_name:
            raise SettingsError(f"Two sources in DOCENT_SOURCES are named {name}.")
        by_name[name] = replace(source, name=name)
    return tuple(by_name.values())
