"""Configuration: DOCENT_SOURCES and command-line arguments become checked sources."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ingest.cron import parse_schedule
from ingest.errors import SourceFormatError
from ingest.formats.slugs import SLUGS
from ingest.sources.address.git_uri import parse_git_uri
from ingest.sources.address.patterns import check_patterns
from ingest.sources.address.uri import derive_name, is_supported_uri, normalise_uri, redact_uri
from ingest.sources.address.url_template import check_template
from ingest.sources.source import Source, derive_distinct_name
from rag_core.errors import SettingsError

READABLE = (
    "a directory, a document, a zip or tar archive (a path or https://…), "
    "git+https://…@branch#path, or the https:// address of a website, its sitemap.xml or llms.txt"
)
"""The kinds of sources, as help texts and errors name them."""


def _make_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _check_anchors(name: str) -> str:
    if name and name not in SLUGS:
        raise ValueError(f"use {', '.join(SLUGS)}")
    return name


Patterns = Annotated[tuple[str, ...], BeforeValidator(_make_tuple)]


class SourceOptions(BaseModel):
    """The JSON object of one source in DOCENT_SOURCES; its fields are those of `Source`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uri: str
    name: str = ""
    url: str = ""
    kind: Literal["", "archive", "website"] = ""
    include: Patterns = ()
    exclude: Patterns = ()
    version: str = Field(default="", max_length=64)
    language: str = Field(default="", pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")
    site: str = Field(default="", pattern=r"^(https?://[^\s/?#]+[^\s?#]*)?$")
    anchors: Annotated[str, AfterValidator(_check_anchors)] = ""
    golden: str = ""
    schedule: str = ""
    token_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    depth: int = Field(default=2, ge=0, le=20)
    crawl: Literal["folder", "host"] = "folder"
    rate: float = Field(default=4.0, gt=0, le=100)
    max_pages: int = Field(default=5_000, ge=1)
    allow_private: bool = False


def build_configured_source(item: Any) -> Source:
    """Build a source from an item of the JSON list.

    The item is an address, or an object with options.

    Raises:
        SettingsError: an option is unknown or not valid.
        SourceFormatError: docent can't read what the address names.
    """
    if isinstance(item, str):
        return build_named_source(item)
    if not isinstance(item, dict) or not isinstance(item.get("uri"), str):
        raise SettingsError("Each object in DOCENT_SOURCES needs a `uri`.")
    if unknown := set(item) - set(SourceOptions.model_fields):
        raise SettingsError(
            f"DOCENT_SOURCES has an unknown option `{min(unknown, key=str)}`: use "
            f"{', '.join(SourceOptions.model_fields)}."
        )
    try:
        return _build_source(SourceOptions.model_validate(item))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        # `from None`: the cause has the whole address, password and token included.
        raise SettingsError(
            f"The option `{problem['loc'][0]}` in DOCENT_SOURCES is not valid: {problem['msg']}."
        ) from None


def build_named_source(uri: str) -> Source:
    """Build a source without options from its address.

    Raises:
        SettingsError: the address is empty.
        SourceFormatError: docent can't read what the address names.
    """
    return _build_source(SourceOptions(uri=uri))


def _build_source(options: SourceOptions) -> Source:
    if not options.uri.strip():
        raise SettingsError("A source is empty: name a directory, an archive or an address.")
    uri = normalise_uri(options.uri.strip() if "://" in options.uri else options.uri)
    if "://" in uri and not is_supported_uri(uri):
        raise SourceFormatError(f"{redact_uri(uri)} is not {READABLE}.")
    if uri.startswith("git+"):
        parse_git_uri(uri)
    if options.kind and not uri.startswith(("https://", "http://")):
        raise SettingsError(
            f"{redact_uri(uri)} needs no `kind`: only an address with https:// leaves a choice."
        )
    _check_options(options)
    fields = options.model_dump()
    golden = normalise_uri(options.golden) if options.golden else ""
    return Source(
        **fields | {"uri": uri, "name": options.name or derive_name(uri), "golden": golden}
    )


def _check_options(options: SourceOptions) -> None:
    if options.url:
        check_template(options.url)
    check_patterns("include", options.include)
    check_patterns("exclude", options.exclude)
    if options.schedule:
        parse_schedule(options.schedule, "UTC", of="The `schedule` of a source")


def parse_sources(text: str) -> tuple[Source, ...]:
    """Parse `DOCENT_SOURCES`: addresses separated by white space, or a JSON list.

    Raises:
        SettingsError: the text or an option is not valid; the message says why.
        SourceFormatError: docent can't read what an address names.
    """
    if not text.strip().startswith(("[", "{")):
        words = text.split()
        return _ensure_distinct_names(
            replace(build_named_source(uri), among_words=len(words) > 1) for uri in words
        )
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"DOCENT_SOURCES is not valid JSON: {error}.") from error
    entries = items if isinstance(items, list) else [items]
    return _ensure_distinct_names(build_configured_source(entry) for entry in entries)


def select_sources(words: Sequence[str], configured: Sequence[Source]) -> tuple[Source, ...]:
    """Return the sources that the words of a command line name.

    A word is the name or address of a configured source, or the address of a new one. Without
    words, return all configured sources.

    Raises:
        SettingsError: nothing is named and nothing is configured; or a bare word, where sources are
            configured, is neither the name of one nor of a file or folder here.
    """
    if not words and not configured:
        raise SettingsError("There is nothing to index: name a source, or set DOCENT_SOURCES.")
    by_key = {key: source for source in configured for key in (source.uri, source.name)}
    selected = [
        by_key.get(normalise_uri(word)) or by_key.get(word) or _build_new_source(word, configured)
        for word in words
    ]
    return _ensure_distinct_names(selected) if words else tuple(configured)


def _build_new_source(word: str, configured: Sequence[Source]) -> Source:
    is_bare = word.strip() and not any(mark in word for mark in "/\\.:~ ")
    if configured and is_bare and not os.path.exists(word):  # noqa: PTH110  (never raises)
        names = ", ".join(source.name for source in configured)
        raise SettingsError(
            f"There is no source, file or directory named {word}: DOCENT_SOURCES has {names}."
        )
    return build_named_source(word)


def _ensure_distinct_names(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return each source once, under a name of its own.

    If two derived names are equal, the second one gets a short hash.

    Raises:
        SettingsError: two sources were given the same name.
    """
    by_name: dict[str, Source] = {}
    for source in dict.fromkeys(sources):
        name, other = source.name, by_name.get(source.name)
        # One address may stand there twice, with other options; then it needs two names.
        if other and other.uri != source.uri and name == derive_name(source.uri):
            name = derive_distinct_name(source)
        if name in by_name:
            raise SettingsError(f"Two sources in DOCENT_SOURCES are named {name}.")
        by_name[name] = replace(source, name=name)
    return tuple(by_name.values())
