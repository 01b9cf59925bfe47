"""The files of a source that pages may include, of which others than documents are read late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from ingest.includes.additions import Additions
from ingest.includes.finders import find_marks, has_signs
from ingest.includes.marks import Mark
from ingest.sources.source import MAX_INCLUDED_FILES, FileReader

MAX_NESTED = 8
"""Files that include each other in a row."""

_MAX_PATHS = 200_000
"""Places where the files may lie that the pages of a source include."""

_MAX_CACHED = 32

Decoder = Callable[[bytes], str | None]


class Library:
    """The texts that a source holds.

    Attributes:
        documents: the documents in UTF-8, by path.

    Args:
        documents: the documents in UTF-8, by path.
        read_others: reads other files of the source.
        decode: returns the text of a file in any encoding; None if it is none.
        additions: what the settings of sites add.
    """

    def __init__(
        self,
        documents: Mapping[str, bytes],
        read_others: FileReader,
        decode: Decoder,
        additions: Additions,
    ) -> None:
        self.documents = documents
        self._read_others = read_others
        self._decode = decode
        self._additions = additions
        self._others: dict[str, bytes] = {}
        self._asked: set[str] = set()
        self.read = lru_cache(_MAX_CACHED)(self._read)

    def collect(self, paths: Iterable[str]) -> None:
        """Read what these pages include, and what that includes."""
        wanted = self._list_targets((path, self.decode_document(path)) for path in paths)
        for _ in range(MAX_NESTED):
            found = self._read_others(wanted) if wanted else {}
            if sum(map(len, self._others.values())) + sum(map(len, found.values())) > (
                2 * MAX_INCLUDED_FILES
            ):
                return
            self._others |= found
            partials = [path for path, data in found.items() if has_signs(path, data)]
            wanted = self._list_targets((path, self.read(path) or "") for path in partials)

    def _list_targets(self, texts: Iterable[tuple[str, str]]) -> set[str]:
        """Return unknown paths where included files may lie."""
        wanted = set[str]()
        for path, text in texts:
            for mark in find_marks(path, text):
                # A document that is there goes before the places that are less likely.
                for place in self.list_places(mark):
                    if place in self.documents:
                        break
                    if place not in self._asked and len(self._asked) < _MAX_PATHS:
                        self._asked.add(place)
                        wanted.add(place)
        return wanted

    def decode_document(self, path: str) -> str:
        """Return a page; its lines end with a newline alone."""
        text = _unify_lines(self.documents[path].decode(errors="replace"))
        return text + self._additions.texts.get(path, "")

    def list_places(self, mark: Mark) -> tuple[str, ...]:
        """Return where the file of a mark may lie, the likeliest first."""
        named = self._additions.list_places(mark.name) if mark.name else ()
        return (*named, *mark.paths)

    def locate(self, mark: Mark, page: str) -> str:
        """Return the path of the file that a mark names.

        Args:
            mark: the mark.
            page: the file that includes, which is meant only if no other is.

        Returns:
            the first that is there; an empty text if none is.
        """
        paths = self.list_places(mark)
        found = [path for path in paths if path in self.documents or path in self._others]
        return next((path for path in found if path != page), found[0] if found else "")

    def _read(self, path: str) -> str | None:
        """Return the text of a file; None if it is none."""
        data = self.documents.get(path)
        if data is not None:
            return _unify_lines(data.decode(errors="replace"))
        text = self._decode(self._others[path])
        return None if text is None else _unify_lines(text)


def _unify_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
