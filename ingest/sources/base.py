"""What a source is, and the files that are read from it."""

from __future__ import annotations

import os
import string
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from rag_core.types import content_hash

_SKIPPED_FOLDERS = {"__MACOSX", "node_modules"}


@dataclass(frozen=True, slots=True)
class Source:
    """A body of documentation.

    Attributes:
        name: what the index and its report call the source.
        uri: a directory, a `.zip` file, a document, or an `https://….zip`.
        url: template of a page's URL with `{path}`, `{path_stem}` or `{stem}`; empty for none.
        among_words: named beside others in a text, where a path with a space falls to pieces.
    """

    name: str
    uri: str
    url: str = ""
    among_words: bool = field(default=False, compare=False)

    @property
    def is_remote(self) -> bool:
        """Whether the source is downloaded."""
        return "://" in self.uri

    @property
    def location(self) -> Path:
        """Where a local source lies."""
        return Path(self.uri).expanduser()

    @property
    def shown_uri(self) -> str:
        """The URI without user, password and query, fit for reports and links."""
        if not self.is_remote:
            return self.uri
        parts = urlsplit(self.uri)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def page_url(self, path: str, default: str) -> str:
        """URL of the page at `path`, by the template if there is one."""
        if not self.url:
            return default
        return self.url.format(**placeholders(path))


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it lies in its source; `path` has forward slashes and no leading one."""

    path: str
    url: str
    data: bytes


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What one source held, ordered by path; failures are readable lines `path: what`."""

    source: Source
    files: tuple[RawFile, ...]
    failures: tuple[str, ...] = ()


def placeholders(path: str) -> dict[str, str]:
    """What a URL template may name, percent-encoded.

    For `en/faq/product faq.md`: path `en/faq/product%20faq.md`, path_stem `en/faq/product%20faq`,
    stem `product%20faq`.
    """
    pure = PurePosixPath(path)
    return {
        "path": quote(path),
        "path_stem": quote(str(pure.with_suffix(""))),
        "stem": quote(pure.stem),
    }


def template_names(template: str) -> set[str]:
    """Placeholders that a URL template uses.

    Raises:
        ValueError: its braces don't match.
    """
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def canonical_uri(uri: str) -> str:
    """One spelling for one place, whatever the working directory: an absolute path, or a URL."""
    if uri.startswith("file://"):
        uri = unquote(urlsplit(uri).path)
    if "://" in uri:
        return uri
    # Not `resolve`: a link such as `current -> v2` is one source whatever it points at.
    return os.path.abspath(Path(uri).expanduser())  # noqa: PTH100


def default_name(uri: str) -> str:
    """A readable name derived from a canonical URI: its last part, without `.zip`."""
    last = unquote(urlsplit(uri).path) if "://" in uri else str(Path(uri).absolute())
    name = PurePosixPath(last).name
    return name.removesuffix(".zip") or "docs"


def distinct_name(source: Source) -> str:
    """The default name with a short hash of the URI, for when another source has that name."""
    return f"{source.name}-{content_hash(source.uri)[:4]}"


def is_hidden(path: str) -> bool:
    """Whether a file lies in a hidden folder, is hidden itself or belongs to tools."""
    parts = PurePosixPath(path).parts
    return any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in parts)
