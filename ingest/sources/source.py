"""What a source is, and the files that are read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ingest.sources.address.patterns import is_excluded, is_selected
from ingest.sources.address.uri import (
    SourceKind,
    derive_name,
    detect_kind,
    normalise_uri,
    redact_uri,
)
from ingest.sources.address.url_template import fill_template
from rag_core.types import hash_content

__all__ = [
    "DownloadCallback",
    "DownloadProgress",
    "RawFile",
    "Source",
    "SourceFiles",
    "derive_distinct_name",
    "derive_name",
    "ignore_download_progress",
    "is_hidden",
    "normalise_uri",
]

_SKIPPED_FOLDERS = {"__MACOSX", "node_modules"}


@dataclass(frozen=True, slots=True)
class Source:
    """A body of documentation, with its options.

    Attributes:
        name: what the index and its report call the source.
        uri: a path, the address of an archive or website, or `git+https://…@branch#folder`.
        url: template of a page's URL, see `ingest.sources.address.url_template`; empty for none.
        kind: `archive` or `website` where the address does not tell; empty to go by the address.
        include: patterns as in `.gitignore`; a path must match one of them, if there are any.
        exclude: likewise; a path must match none.
        version: of the product that the pages are about, for instance `2.6`.
        language: of the pages, as a BCP 47 tag such as `en`.
        anchors: how the site makes an anchor of a heading: `github` in small letters, `case` as it
            is written, `none` not at all.
        golden: path of a file of questions that a new version must still find; empty for none.
        schedule: when this source is synced, in place of DOCENT_SYNC_SCHEDULE.
        token_env: environment variable with the token that the source wants.
        depth: how many links away from a website's start page pages are read.
        rate: requests a second to a website, at most.
        max_pages: of a website, at most.
        allow_private: whether redirects may lead to addresses of private networks.
        among_words: named beside others in a text, where a path with a space falls to pieces.
    """

    name: str
    uri: str
    url: str = ""
    kind: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    version: str = ""
    language: str = ""
    anchors: str = "github"
    golden: str = ""
    schedule: str = ""
    token_env: str = ""
    depth: int = 2
    rate: float = 4.0
    max_pages: int = 5_000
    allow_private: bool = False
    among_words: bool = field(default=False, compare=False)

    @property
    def resolved_kind(self) -> SourceKind:
        """What the source is: as the option says, or by its address."""
        if self.kind == "archive":
            return "archive"
        return "website" if self.kind == "website" else detect_kind(self.uri)

    @property
    def is_remote(self) -> bool:
        """Whether the source is downloaded."""
        return "://" in self.uri

    @property
    def location(self) -> Path:
        """Where a local source lies."""
        return Path(self.uri).expanduser()

    @property
    def redacted_uri(self) -> str:
        """The URI without user, password and query, fit for reports and links."""
        return redact_uri(self.uri)

    @property
    def key(self) -> str:
        """Name of the source's files in the data folder: it tells nothing of the address."""
        return hash_content(self.uri)[:16]

    def is_path_selected(self, path: str) -> bool:
        """Whether `include` and `exclude` let the path through."""
        return is_selected(self.include, self.exclude, path)

    def is_path_excluded(self, path: str) -> bool:
        """Whether `exclude` keeps the path out."""
        return is_excluded(self.exclude, path)

    def build_page_url(self, path: str, default: str) -> str:
        """URL of the page at `path`, by the template if there is one."""
        return fill_template(self.url, path) if self.url else default


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it lies in its source.

    Attributes:
        path: with forward slashes and no leading one.
        url: where a reader finds it.
        data: its bytes.
        media_type: what a web server says it is, for instance `text/html; charset=utf-8`; else
            empty.
    """

    path: str
    url: str
    data: bytes
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What one source held, ordered by path.

    Attributes:
        source: where from.
        files: what was read.
        failures: readable lines `path: what`.
        unread: paths of files that are there and could not be read.
        revision: the commit of a git repository; else empty.
    """

    source: Source
    files: tuple[RawFile, ...]
    failures: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    revision: str = ""


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is: bytes so far, of `total` where that is known; pages of a website."""

    source: str
    bytes: int
    total: int | None = None
    pages: int = 0


DownloadCallback = Callable[[DownloadProgress], None]


def ignore_download_progress(received: DownloadProgress) -> None:
    """Nobody watches."""
    del received


def derive_distinct_name(source: Source) -> str:
    """The default name with a short hash of the URI, for when another source has that name."""
    return f"{source.name}-{hash_content(source.uri)[:4]}"


def is_hidden(path: str) -> bool:
    """Whether a file lies in a hidden folder, is hidden itself or belongs to tools."""
    parts = PurePosixPath(path).parts
    return any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in parts)
