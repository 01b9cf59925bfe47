"""The mirror of a git repository: fetched shallowly and partially, read blob by blob."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import PurePosixPath

from ingest.errors import (
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.formats.settings_files import SETTINGS_FOLDERS, is_settings_file
from ingest.sources.address.git_uri import GitUri, parse_git_uri
from ingest.sources.archive.reader import MAX_ENTRY_BYTES, MAX_TOTAL_BYTES
from ingest.sources.git.command import MAX_FILES, GitCommand, build_count_error
from ingest.sources.http.download import Downloads
from ingest.sources.source import (
    DownloadCallback,
    DownloadProgress,
    Source,
)

_MAX_PACKS = 50
_BATCH_BYTES = 16 * 2**20  # of files that one git process prints
_FILE_MODES = {"100644", "100755"}

LINK_MODE = "120000"
"""Mode of a symbolic link in a tree."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of `git ls-tree`."""

    mode: str
    blob: str
    path: str


class Mirror:
    """The bare copy of a source's repository, without working tree and hooks."""

    def __init__(self, source: Source, downloads: Downloads, progress: DownloadCallback) -> None:
        self.uri: GitUri = parse_git_uri(source.uri)
        self._source = source
        self._folder = downloads.folder / f"{source.key}.git"
        self._git = GitCommand(source, self.uri, self._folder, downloads, self._report_received)
        self._progress = progress
        self._prefers_stored = downloads.prefers_stored

    def update(self) -> str:
        """Fetch the commit that the branch points to, if missing; return it."""
        if self._prefers_stored and (self._folder / "FETCH_HEAD").is_file():
            commit = self._git.read_line("rev-parse", "FETCH_HEAD^{commit}")
            if self._has_commit(commit):
                return commit
        self._prepare()
        name, commit = self._resolve_remote_ref()
        if not self._has_commit(commit):
            self._fetch(name)
            commit = self._git.read_line("rev-parse", "FETCH_HEAD^{commit}")
        return commit

    def list_files(self, commit: str) -> Iterator[TreeEntry]:
        """Yield the files and links, with their paths below the folder."""
        arguments = ["--", self.uri.folder] if self.uri.folder else []
        output = self._git.run("ls-tree", "-r", "-z", "--full-tree", commit, *arguments)
        if output.count(b"\0") > MAX_FILES:
            raise build_count_error(self._source)
        entries = [*_parse_tree(output)]
        if not entries and self.uri.folder:
            raise SourceNotFoundError(f"There is no folder {self._source.redacted_uri}.")
        folder = f"{self.uri.folder}/" if self.uri.folder else ""
        for entry in entries:
            if entry.mode in {*_FILE_MODES, LINK_MODE}:
                # The address may name a file in place of a folder: then only this file is read.
                is_file = entry.path == self.uri.folder
                name = PurePosixPath(entry.path).name if is_file else entry.path
                yield replace(entry, path=name.removeprefix(folder))

    def list_settings_above(self, commit: str) -> dict[str, str]:
        """Return the blobs of site makers' settings above the folder, by path."""
        parts = self.uri.folder.split("/")[:-1] if self.uri.folder else []
        if not self.uri.folder:
            return {}
        above = ["".join(f"{part}/" for part in parts[:count]) for count in range(len(parts) + 1)]
        places = [f"{folder}{name}" for folder in above for name in ("", *SETTINGS_FOLDERS)]
        outputs = [self._git.run("ls-tree", "-z", "--full-tree", commit)]
        arguments = ["ls-tree", "-z", "--full-tree", commit, "--", *filter(None, places)]
        outputs.append(self._git.run(*arguments))
        entries = [entry for output in outputs for entry in _parse_tree(output)]
        return {
            entry.path: entry.blob
            for entry in entries
            if entry.mode in _FILE_MODES and is_settings_file(entry.path)
        }

    def fetch_missing(self, commit: str, blobs: set[str]) -> None:
        """Fetch the blobs that are not here, all at once."""
        output = self._git.run(
            "rev-list", "--objects", "--missing=print", "--no-object-names", commit
        )
        absent = {line[1:] for line in output.decode().splitlines() if line.startswith("?")}
        if missing := sorted(absent & blobs):
            self._git.run(
                *("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--no-tags", "--quiet"),
                *("--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin"),
                data="\n".join(missing).encode(),
                remote=True,
            )

    def read(
        self, blobs: Mapping[str, str], most: int = 0, most_together: int = 0
    ) -> tuple[Iterator[tuple[str, bytes]], list[str]]:
        """Read files one by one; also return the paths of large files.

        Args:
            blobs: the blobs of the files by path.
            most: bytes of a file that is not large; 0 for those of a document.
            most_together: bytes of all files, of which those at the end are left out; 0 to refuse
                the source in their place.

        Returns:
            the path and bytes of each file, and the paths of files that are too large.

        Raises:
            SourceRefusedError: the documents have too many bytes together.
        """
        sizes, large = self._measure(blobs, most or MAX_ENTRY_BYTES, most_together)
        return self._read_in_batches(blobs, sizes), large

    def _read_in_batches(
        self, blobs: Mapping[str, str], sizes: Mapping[str, int]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield path and bytes of each file; git's answers take little memory."""
        batch, total = list[str](), 0
        for path, size in sizes.items():
            if batch and total + size > _BATCH_BYTES:
                yield from self._read_batch(blobs, batch)
                batch, total = [], 0
            batch.append(path)
            total += size
        yield from self._read_batch(blobs, batch)

    def _read_batch(
        self, blobs: Mapping[str, str], paths: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        request = "".join(f"{blobs[path]}\n" for path in paths).encode()
        batch = memoryview(self._git.run("cat-file", "--batch=%(objectsize)", data=request))
        for path in paths:
            try:
                start, size = _parse_batch_header(batch)
            except ValueError as error:
                raise self._git.build_damage_error() from error
            yield path, bytes(batch[start : start + size])
            batch = batch[start + size + 1 :]

    def _measure(
        self, blobs: Mapping[str, str], most: int, most_together: int
    ) -> tuple[dict[str, int], list[str]]:
        """Return the sizes of files to read, and paths of large ones.

        Raises:
            SourceRefusedError: the files together are too large.
        """
        paths = sorted(blobs)
        request = "".join(f"{blobs[path]}\n" for path in paths).encode()
        printed = self._git.run("cat-file", "--batch-check=%(objectsize)", data=request)
        try:
            sizes = dict(zip(paths, map(int, printed.split()), strict=True))
        except ValueError as error:  # an object is missing
            raise self._git.build_damage_error() from error
        small = [path for path in paths if sizes[path] <= most]
        large = [path for path in paths if sizes[path] > most]
        if most_together:
            sums = accumulate(sizes[path] for path in small)
            small = [
                path for path, total in zip(small, sums, strict=True) if total <= most_together
            ]
            return {path: sizes[path] for path in small}, large
        if sum(sizes[path] for path in small) > MAX_TOTAL_BYTES:
            raise SourceRefusedError(
                f"{self._source.name} is refused: its documents have more than "
                f"{MAX_TOTAL_BYTES // 2**20:,} MiB."
            )
        return {path: sizes[path] for path in small}, large

    def discard(self) -> None:
        """Delete the mirror, so that the next sync fetches everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _prepare(self) -> None:
        packs = self._folder / "objects" / "pack"
        if packs.is_dir() and len(list(packs.glob("*.pack"))) > _MAX_PACKS:
            shutil.rmtree(self._folder)  # one full fetch takes less room than many small ones
        if not (self._folder / "HEAD").is_file():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            self._git.run("init", "--bare", "--quiet", "--template=", "--", str(self._folder))
        for lock in self._folder.rglob("*.lock"):
            # Left by a git that was killed, for only one sync runs at a time.
            lock.unlink(missing_ok=True)

    def _resolve_remote_ref(self) -> tuple[str, str]:
        """Return the whole name of the branch or tag, and its commit.

        A short name such as `tag` can be a word of git, or name a branch and a tag.
        """
        if self.uri.is_commit:
            return self.uri.ref, self.uri.ref
        ref = self.uri.ref or "HEAD"
        output = self._git.run(
            "ls-remote", "--quiet", "--", "origin", ref, f"{ref}^{{}}", remote=True
        )
        commits = dict(line.split("\t")[::-1] for line in output.decode().splitlines())
        # A branch goes before a tag; `^{}` is the commit that an annotated tag points to.
        for name in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}"):
            if name in commits:
                return name.removesuffix("^{}"), commits[name]
        raise SourceNotFoundError(
            f"There is no branch or tag {ref} in {self._source.redacted_uri}."
        )

    def _has_commit(self, commit: str) -> bool:
        return self._git.is_successful(
            "rev-parse", "--verify", "--quiet", f"kept/{commit}^{{tree}}"
        )

    def _fetch(self, ref: str) -> None:
        self._git.run(
            *("fetch", "--depth=1", "--no-tags", "--quiet", "--filter=blob:none"),
            *("--recurse-submodules=no", "origin", ref),
            remote=True,
        )
        # The ref is set when everything is here: without it, a fetch begins again.
        commit = self._git.read_line("rev-parse", "FETCH_HEAD^{commit}")
        self._git.run("update-ref", f"refs/heads/kept/{commit}", commit)

    def _report_received(self, received: int) -> None:
        self._progress(DownloadProgress(self._source.name, received))


def _parse_tree(output: bytes) -> Iterator[TreeEntry]:
    for line in output.split(b"\0"):
        if line:
            head, _, path = line.partition(b"\t")
            mode, _, blob = head.decode().split(" ", 2)
            yield TreeEntry(mode, blob, path.decode(errors="replace"))


def _parse_batch_header(batch: memoryview) -> tuple[int, int]:
    """Return the length of the header and the size of the file.

    The header is the line before each file in the output of `git cat-file --batch`.
    """
    line = bytes(batch[:64]).partition(b"\n")[0]
    if not line.isdigit():
        raise ValueError(f"git answered {line!r}")
    return len(line) + 1, int(line)
