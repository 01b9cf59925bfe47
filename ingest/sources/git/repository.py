"""Git repositories as sources: a shallow, partial fetch when the branch has moved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from ingest.errors import (
    DownloadError,
    SourceFormatError,
)
from ingest.formats.settings_files import is_settings_file
from ingest.sources.address.file_names import find_name_fault, format_name
from ingest.sources.archive.reader import MAX_ENTRY_BYTES
from ingest.sources.git.mirror import LINK_MODE, Mirror, TreeEntry
from ingest.sources.http.download import Downloads
from ingest.sources.source import (
    MAX_INCLUDED_FILE,
    MAX_INCLUDED_FILES,
    DownloadCallback,
    RawFile,
    Source,
    SourceFiles,
    build_empty_error,
    ignore_download_progress,
    is_hidden,
)
from ingest.spool import Keeper, keep_in_memory


def read_git(
    source: Source,
    downloads: Downloads,
    *,
    is_wanted: Callable[[str], bool],
    progress: DownloadCallback = ignore_download_progress,
    keep: Keeper = keep_in_memory,
) -> SourceFiles:
    """Read the wanted files of a repository's branch, tag or commit.

    Nothing is fetched while the branch stays where it was. Links and submodules are left out.

    Args:
        source: the source, with its options.
        downloads: the folder of the mirror, limits and network.
        is_wanted: returns whether a file is read, by its path in the source.
        progress: called during a fetch; an exception from it ends the fetch.
        keep: keeps what was read.

    Returns:
        the files, ordered by path, and the commit they come from.

    Raises:
        SourceNotFoundError: there is no such repository, branch or folder.
        SourceAccessError: the repository wants a login.
        SourceRefusedError: the files together are too large.
        SourceEmptyError: the folder has no wanted file that can be read.
        DownloadError: the server can't be reached or takes too long.
        ToolMissingError: git is not installed.
    """
    mirror = Mirror(source, downloads, progress)
    failures: list[str] = []
    try:
        commit = mirror.update()
        wanted = (
            entry
            for entry in mirror.list_files(commit)
            if is_wanted(entry.path) and not is_hidden(entry.path)
        )
        blobs = _choose_blobs(wanted, failures)
        if all(map(is_settings_file, blobs)):
            raise build_empty_error(source, failures)
        above = mirror.list_settings_above(commit)
        # The clone is partial: only the files that are read are fetched.
        mirror.fetch_missing(commit, {*blobs.values(), *above.values()})
        found, large = mirror.read(blobs)
        contents = {path: keep(data) for path, data in found}
        settings = dict(mirror.read(above)[0]) if above else {}
    except SourceFormatError:
        mirror.discard()
        raise
    except OSError as error:
        raise DownloadError(
            f"{source.redacted_uri} can't be stored in {downloads.folder}: "
            f"{error.strerror or error}."
        ) from error
    files = tuple(
        RawFile(
            path,
            source.build_page_url(path, mirror.uri.build_page_url(path)),
            contents[path],
        )
        for path in sorted(contents)
    )
    failures += [
        f"{format_name(path)}: is larger than {MAX_ENTRY_BYTES // 2**20} MiB" for path in large
    ]
    if not files:
        raise build_empty_error(source, failures)
    return SourceFiles(
        source,
        files,
        tuple(failures),
        tuple(large),
        revision=commit,
        folder=f"{mirror.uri.folder}/" if mirror.uri.folder else "",
        above=tuple(RawFile(path, "", data) for path, data in sorted(settings.items())),
        read_others=partial(_read_others, mirror, commit),
    )


def _read_others(mirror: Mirror, commit: str, paths: Collection[str]) -> Mapping[str, bytes]:
    """Return the files of the commit that pages include."""
    wanted = (
        entry
        for entry in mirror.list_files(commit)
        if entry.path in paths and entry.mode != LINK_MODE
    )
    blobs = _choose_blobs(wanted, [])
    if not blobs:
        return {}
    # As with the documents, only the files that are read are fetched.
    mirror.fetch_missing(commit, set(blobs.values()))
    found, _ = mirror.read(blobs, most=MAX_INCLUDED_FILE, most_together=MAX_INCLUDED_FILES)
    return dict(found)


def _choose_blobs(entries: Iterable[TreeEntry], failures: list[str]) -> dict[str, str]:
    """Return the blobs of pages by path, with failures about others."""
    blobs: dict[str, str] = {}
    links = []
    for entry in entries:
        if entry.mode == LINK_MODE:
            links.append(entry.path)
        elif entry.path.startswith("/"):  # git writes no such tree, but takes one
            failures.append(f"{format_name(entry.path)}: has an absolute path")
        elif fault := find_name_fault(entry.path):
            failures.append(f"{format_name(entry.path)}: {fault}")
        elif entry.path in blobs:
            failures.append(f"{entry.path}: is left out, since another file's name reads the same")
        else:
            blobs[entry.path] = entry.blob
            if "\ufffd" in entry.path:
                failures.append(f"{format_name(entry.path)}: has a name that is not UTF-8")
    if links:
        failures.append(
            f"{format_name(links[0])}: is a link, which is not followed ({len(links)} in all)"
        )
    return blobs
