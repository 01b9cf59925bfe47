"""Addresses of git repositories: `git+https://host/repo.git@branch#folder`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from ingest.sources.address.uri import redact_uri
from rag_core.errors import SettingsError

# `git check-ref-format` allows more, but a shell or git itself could misread the rest.
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BLOB_PAGES = {"github": "blob", "gitlab": "-/blob"}


@dataclass(frozen=True, slots=True)
class GitUri:
    """A repository, a branch, tag or commit, and a folder in it.

    Attributes:
        url: the address that git is called with, without login; ssh keeps its user.
        scheme: `https`, `http`, `ssh` or `file`.
        login: `user:password` of an http address; empty if it has none.
        ref: branch, tag or full commit; empty for the default branch.
        folder: folder that is read, without slashes at its ends; empty for the whole repository.
    """

    url: str
    scheme: str
    login: str
    ref: str
    folder: str

    @property
    def is_commit(self) -> bool:
        """True if `ref` is a commit, which never moves."""
        return _COMMIT.fullmatch(self.ref) is not None

    def build_page_url(self, path: str) -> str:
        """Return the URL where a reader finds a file.

        It is the file's page at GitHub or GitLab, else the repository's address and the path.
        """
        host = urlsplit(self.url).hostname or ""
        route = next((route for name, route in _BLOB_PAGES.items() if name in host), None)
        full_path = f"{self.folder}/{path}" if self.folder else path
        if route is None:
            return f"{redact_uri(self.url)}#{quote(full_path)}"
        repository = urlsplit(self.url).path.removesuffix(".git").rstrip("/")
        return f"https://{host}{repository}/{route}/{self.ref or 'HEAD'}/{quote(full_path)}"


def parse_git_uri(uri: str) -> GitUri:
    """Parse the address of a repository.

    Raises:
        SettingsError: the part after `@` can't be a ref, or the part after `#` no folder.
    """
    parts = urlsplit(uri.removeprefix("git+"))
    path, _, ref = parts.path.rpartition("@") if "@" in parts.path else (parts.path, "", "")
    folder = unquote(parts.fragment).strip("/")
    ref = unquote(ref)
    redacted = redact_uri(uri)
    if ref and (not _REF.fullmatch(ref) or ".." in ref or ref.endswith((".lock", "/", "."))):
        raise SettingsError(f"{redacted} names no branch, tag or commit after its `@`.")
    if any(part in {"", ".", ".."} for part in folder.split("/")) and folder:
        raise SettingsError(f"{redacted} names no folder of the repository after its `#`.")
    user, _, host = parts.netloc.rpartition("@")
    if parts.scheme == "ssh" and user:
        host = f"{user.partition(':')[0]}@{host}"
    login = unquote(user) if parts.scheme in {"https", "http"} else ""
    return GitUri(f"{parts.scheme}://{host}{path}", parts.scheme, login, ref, folder)
