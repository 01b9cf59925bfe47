"""Sources, and the files that are read from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ingest.errors import SourceEmptyError
from ingest.formats.settings_files import is_settings_file, is_settings_folder
from ingest.sources.address.patterns import is_excluded, is_selected
from ingest.sources.address.uri import (
    SourceKind,
    derive_name,
    detect_kind,
    normalise_uri,
    redact_uri,
)
from ingest.sources.address.url_template import fill_template
from ingest.spool import Content, Keeper, keep_in_memory, measure_content, read_content
from rag_core.types import hash_content

__all__ = [
    "DownloadCallback",
    "DownloadProgress",
    "FileReader",
    "RawFile",
    "Source",
    "SourceFiles",
    "build_empty_error",
    "derive_distinct_name",
    "derive_name",
    "ignore_download_progress",
    "is_hidden",
    "is_includable",
    "normalise_uri",
    "read_no_files",
]

_SKIPPED_FOLDERS = {"__MACOSX", "node_modules"}
_INCLUDES_FOLDER = ".gitbook/includes/"

MAX_INCLUDED_FILE = 5 * 10**6
"""Largest file that a page may include."""

MAX_INCLUDED_FILES = 64 * 2**20
"""Bytes that are read at once of files that pages include."""

FileReader = Callable[[Collection[str]], Mapping[str, bytes]]
"""Returns the bytes of those files that the snapshot of a source has, by path."""


@dataclass(frozen=True, slots=True)
class Source:
    """A body of documentation, with its options.

    Example:
        >>> source = Source(
        ...     "handbook",
        ...     "https://example.com/handbook.zip",
        ...     url="https://docs.example.com/{slug}",
        ...     exclude=("drafts/",),
        ... )
        >>> source.resolved_kind
        'archive'
        >>> source.build_page_url("en/install.md", default="")
        'https://docs.example.com/en/install'
        >>> source.is_path_selected("drafts/roadmap.md")
        False

    Attributes:
        name: the source's name in the index and in reports.
        uri: a path, the address of an archive or website, or `git+https://…@branch#folder`.
        url: template of a page's URL, see `ingest.sources.address.url_template`; empty for none.
        kind: `archive` or `website` if the address does not tell; empty to go by the address.
        include: patterns as in `.gitignore`; a path must match one of them, if there are any.
        exclude: patterns likewise; a path must match none of them.
        version: version of the product that the pages describe, for instance `2.6`.
        language: language of the pages, as a BCP 47 tag such as `en`.
        site: address of the site that is made of the pages; empty to take it from its settings.
        anchors: name of the rule by which the site makes the anchor of a heading, see
            `ingest.formats.slugs`; empty for the rule of the site's maker, or else GitHub's.
        golden: path of a file of golden questions; empty for none.
        schedule: when this source is synced, in place of DOCENT_SYNC_SCHEDULE.
        token_env: environment variable with the token that the source wants.
        depth: how many links away from a website's start page pages are read.
        crawl: `folder` to keep to the folder of the start page, or of the sitemap; `host` to read
            pages of the whole host.
        rate: most requests a second to a website.
        max_pages: most pages of a website.
        allow_private: true if the host and redirects may lead to private networks.
        among_words: true if the source was one of several words, where a path with a space
            becomes two sources; errors mention it.
    """

    name: str
    uri: str
    url: str = ""
    kind: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    version: str = ""
    language: str = ""
    site: str = ""
    anchors: str = ""
    golden: str = ""
    schedule: str = ""
    token_env: str = ""
    depth: int = 2
    crawl: str = "folder"
    rate: float = 4.0
    max_pages: int = 5_000
    allow_private: bool = False
    among_words: bool = field(default=False, compare=False)

    @property
    def resolved_kind(self) -> SourceKind:
        """Kind of the source: by the option `kind`, else by the address."""
        if self.kind == "archive":
            return "archive"
        return "website" if self.kind == "website" else detect_kind(self.uri)

    @property
    def is_remote(self) -> bool:
        """True if the source is downloaded."""
        return "://" in self.uri

    @property
    def location(self) -> Path:
        """Path of a local source."""
        return Path(os.path.expanduser(self.uri))  # noqa: PTH111  (keeps an unknown `~name`)

    @property
    def redacted_uri(self) -> str:
        """The URI without user, password and query, for reports and links."""
        return redact_uri(self.uri)

    @property
    def key(self) -> str:
        """Name of the source's files in the data folder; it reveals nothing of the address."""
        return hash_content(self.uri)[:16]

    def is_path_selected(self, path: str) -> bool:
        """Return whether `include` and `exclude` let the path through."""
        return is_selected(self.include, self.exclude, path)

    def is_path_excluded(self, path: str) -> bool:
        """Return whether `exclude` keeps the path out."""
        return is_excluded(self.exclude, path)

    def build_page_url(self, path: str, default: str) -> str:
        """Return the URL of a page: by the template, else `default`."""
        return fill_template(self.url, path) if self.url else default


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it lies in its source.

    Attributes:
        path: path in the source, with forward slashes and no leading one.
        url: address where a reader finds the page.
        content: the file's bytes, in memory or in a spool.
        media_type: Content-Type of a web server, for instance `text/html; charset=utf-8`; else
            empty.
    """

    path: str
    url: str
    content: Content
    media_type: str = ""

    @property
    def data(self) -> bytes:
        """The bytes of `content`; read anew each time if they are in a spool."""
        return read_content(self.content)

    @property
    def size(self) -> int:
        """Number of bytes."""
        return measure_content(self.content)


def read_no_files(paths: Collection[str]) -> Mapping[str, bytes]:
    """Return nothing: the source has no other files."""
    del paths
    return {}


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files that were read from one source, ordered by path.

    Attributes:
        source: the source.
        files: the files that could be read.
        failures: sentences for people, one per file or group of pages: `path: reason`.
        unread: paths of files that exist and could not be read; a folder ends in a slash.
        revision: commit of a git repository; else empty.
        folder: folder of the repository that the files are in, with a slash at its end; else empty.
        above: settings of site makers that lie above it, with their paths in the repository.
        read_others: reads files of the same snapshot that are not documents, such as examples.
        keep: keeps what is made of the files, in memory or where they are.
    """

    source: Source
    files: tuple[RawFile, ...]
    failures: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    revision: str = ""
    folder: str = ""
    above: tuple[RawFile, ...] = ()
    read_others: FileReader = field(default=read_no_files, compare=False, repr=False)
    keep: Keeper = field(default=keep_in_memory, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """Progress of a download.

    Attributes:
        source: name of the source.
        bytes: bytes received so far.
        total: bytes of the whole; None if the server does not say.
        pages: pages of a website so far; 0 for other sources.
    """

    source: str
    bytes: int
    total: int | None = None
    pages: int = 0


DownloadCallback = Callable[[DownloadProgress], None]


def ignore_download_progress(progress: DownloadProgress) -> None:
    """Ignore the progress of a download."""
    del progress


def build_empty_error(source: Source, failures: Sequence[str] = ()) -> SourceEmptyError:
    """Return the error of a source without pages, with its first failure."""
    if failures:
        return SourceEmptyError(
            f"There are no documents in {source.redacted_uri} that can be read: {failures[0]}."
        )
    return SourceEmptyError(f"There are no documents in {source.redacted_uri}.")


def derive_distinct_name(source: Source) -> str:
    """Return the source's name with a short hash of its URI.

    It serves when another source has the derived name.
    """
    return f"{source.name}-{hash_content(source.uri)[:4]}"


def is_hidden(path: str) -> bool:
    """Return whether a path is hidden or belongs to a tool.

    A path is hidden if a part of it begins with a dot. The settings of a site maker are not.
    """
    parts = PurePosixPath(path).parts
    if parts and is_settings_file(path):
        parts = tuple(part for part in parts[:-1] if not is_settings_folder(part))
    return any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in parts)


def is_includable(path: str) -> bool:
    """Return whether a page may include a file.

    It may not if the file is hidden or outside the source.
    """
    if path.startswith("/") or ".." in path.split("/") or "\0" in path:
        return False
    before, mark, after = path.partition(_INCLUDES_FOLDER)
    return not is_hidden(f"{before}{after}" if mark else path)
