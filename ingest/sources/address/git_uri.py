"""The address of a git repository, taken apart: `git+https://host/repo.git@branch#folder`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from ingest.sources.address.uri import redact_uri
from rag_core.errors import SettingsError

# What `git check-ref-format` allows, less what a shell or git itself might take for more.
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BLOB_PAGES = {"github": "blob", "gitlab": "-/blob"}


@dataclass(frozen=True, slots=True)
class GitUri:
    """A repository, a branch, tag or commit, and a folder in it.

    Attributes:
        url: what git is given; without user and password, but for the user of ssh.
        scheme: `https`, `http`, `ssh` or `file`.
        login: `user:password` of an http address; empty for none.
        ref: branch, tag or full commit; empty for the default branch.
        folder: where paths begin, without slashes at its ends; empty for the whole.
    """

    url: str
    scheme: str
    login: str
    ref: str
    folder: str

    @property
    def is_commit(self) -> bool:
        """Whether `ref` is a commit that never moves."""
        return _COMMIT.fullmatch(self.ref) is not None

    def build_page_url(self, path: str) -> str:
        """Where a reader finds a file: its page at GitHub and GitLab, else repository and path."""
        host = urlsplit(self.url).hostname or ""
        route = next((route for name, route in _BLOB_PAGES.items() if name in host), None)
        whole = f"{self.folder}/{path}" if self.folder else path
        if route is None:
            return f"{redact_uri(self.url)}#{quote(whole)}"
        repository = urlsplit(self.url).path.removesuffix(".git").rstrip("/")
        return f"https://{host}{repository}/{route}/{self.ref or 'HEAD'}/{quote(whole)}"


def parse_git_uri(uri: str) -> GitUri:
    """Take the address of a repository apart.

    Raises:
        SettingsError: branch or folder can't be what they say.
    """
    parts = urlsplit(uri.removeprefix("git+"))
    path, _, ref = parts.path.rpartition("@") if "@" in parts.path else (parts.path, "", "")
    folder = unquote(parts.fragment).strip("/")
    ref = unquote(ref)
    shown = redact_uri(uri)
    if ref and (not _REF.fullmatch(ref) or ".." in ref or ref.endswith((".lock", "/", "."))):
        raise SettingsError(f"{shown} names no branch, tag or commit after its `@`.")
    if any(part in {"", ".", ".."} for part in folder.split("/")) and folder:
        raise SettingsError(f"{shown} names no folder of the repository after its `#`.")
    user, _, host = parts.netloc.rpartition("@")
    if parts.scheme == "ssh" and user:
        host = f"{user.partition(':')[0]}@{host}"
    login = unquote(user) if parts.scheme in {"https", "http"} else ""
    return GitUri(f"{parts.scheme}://{host}{path}", parts.scheme, login, ref, folder)
