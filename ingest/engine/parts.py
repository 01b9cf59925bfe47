"""Finished parts of a build: pages with their chunks and vectors, kept until it is published.

A part is a folder with `pages.json` and `vectors.npy`. It is written beside its place and then
renamed, so a part is there as a whole or not at all. Pages and vectors are found by what went into
them: a build that goes on after a stop takes up what still fits, also if pages came or went.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ingest.documents import HardPageError, Page, PageError, WaitingPageError
from ingest.errors import IngestError
from ingest.loading.frames import (
    Outcome,
    TextsToCount,
    parse_reply,
    serialise_outcome,
    serialise_page,
)
from rag_core.types import Vector, Vectors, hash_content

OutcomeKind = Literal["chunks", "hard", "waiting", "broken"]

_PAGES, _VECTORS = "pages.json", "vectors.npy"
_UNFINISHED = ".new"
_ERRORS: dict[str, type[PageError]] = {"hard": HardPageError, "waiting": WaitingPageError}
_OPEN_PARTS = 16  # pages and texts are asked for in about the order of the parts


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page that was read, without its data.

    Attributes:
        kind: `chunks`, or the kind of error.
        reply: the outcome as `serialise_outcome` writes it.
    """

    kind: OutcomeKind
    reply: str

    @classmethod
    def of(cls, outcome: Outcome, page: Page) -> ReadPage:
        """The outcome of a page."""
        kind: OutcomeKind = "chunks"
        if isinstance(outcome, PageError):
            kind = "broken"
            if isinstance(outcome, HardPageError | WaitingPageError):
                kind = "hard" if isinstance(outcome, HardPageError) else "waiting"
        return cls(kind, serialise_outcome(outcome, page).decode())

    @property
    def is_final(self) -> bool:
        """True if a later build need not read the page again."""
        return self.kind in {"chunks", "hard"}

    def parse(self, page: Page) -> Outcome:
        """Return the outcome, with the page's own source, path and address."""
        outcome = parse_reply(self.reply.encode(), page)
        if isinstance(outcome, TextsToCount):
            raise IngestError("A part of the build holds no page.")
        if isinstance(outcome, PageError):
            return _ERRORS.get(self.kind, PageError)(str(outcome))
        return outcome


@dataclass(frozen=True, slots=True)
class Part:
    """Some pages with the vectors of their texts.

    Attributes:
        pages: the pages by `build_page_key`.
        texts: hash of each text that was embedded.
        vectors: a row for each text, of shape (texts, dimension), float32, of length 1.
        truncated: texts of which the model read only the beginning.
    """

    pages: dict[str, ReadPage]
    texts: tuple[str, ...]
    vectors: Vectors
    truncated: int = 0


def build_page_key(page: Page) -> str:
    """Build the key of a page: a hash of all that is known of it."""
    return hashlib.sha256(serialise_page(page)).hexdigest()[:32]


class Parts:
    """The finished parts of one build.

    Args:
        folder: where parts lie; created with the first of them.
        recipe: names what divides the pages, and the model; parts of other recipes are removed.

    """

    def __init__(self, folder: Path, recipe: str) -> None:
        self._home = folder / hash_content(recipe)
        self._pages: dict[str, str] = {}
        self._texts: dict[bytes, tuple[str, int]] = {}
        self._truncated: dict[str, int] = {}
        self._used: set[str] = set()
        self._read_content = lru_cache(_OPEN_PARTS)(self._parse_content)
        self._open_vectors = lru_cache(_OPEN_PARTS)(self._map_vectors)
        for other in folder.glob("*"):
            if other != self._home:
                shutil.rmtree(other, ignore_errors=True)
        for place in sorted(self._home.glob("*")):
            self._take_up(place)

    @property
    def truncated(self) -> int:
        """Number of texts of which the model read only the beginning, in parts that are used."""
        return sum(self._truncated[name] for name in self._used)

    def __contains__(self, key: str) -> bool:
        """Whether a part holds the page of this key."""
        return key in self._pages

    def read_page(self, key: str) -> ReadPage:
        """Read a page that a part holds."""
        name = self._pages[key]
        self._used.add(name)
        return ReadPage(*self._read_content(name)["pages"][key])

    def find_vector(self, text: str) -> Vector | None:
        """Find the vector of a text, of shape (dimension,), float32; None if there is none."""
        place = self._texts.get(bytes.fromhex(hash_content(text)))
        if place is None:
            return None
        vector: Vector = np.array(self._open_vectors(place[0])[place[1]])
        return vector

    def add(self, part: Part) -> None:
        """Write a part to disk.

        Raises:
            IngestError: it can't be written.
        """
        name = uuid.uuid4().hex
        unfinished = self._home / (name + _UNFINISHED)
        pages = {key: [page.kind, page.reply] for key, page in part.pages.items()}
        content = {"pages": pages, "texts": part.texts, "truncated": part.truncated}
        try:
            unfinished.mkdir(parents=True)
            _write_file(unfinished / _PAGES, json.dumps(content).encode())
            _write_file(unfinished / _VECTORS, serialise_vectors(part.vectors))
            unfinished.rename(self._home / name)
        except OSError as error:
            raise IngestError(
                f"A part of the build can't be written to {self._home}: {error.strerror}."
            ) from error
        self._register(name, part.pages, part.texts, part.truncated)

    def _take_up(self, place: Path) -> None:
        """Register a part of an earlier build; remove what a crash cut off."""
        try:
            content = self._parse_content(place.name)
            pages = {key: ReadPage(*page) for key, page in content["pages"].items()}
            is_whole = len(self._map_vectors(place.name)) == len(content["texts"])
        except (OSError, EOFError, ValueError, LookupError, TypeError):
            is_whole = False
        if place.suffix == _UNFINISHED or not is_whole:
            shutil.rmtree(place, ignore_errors=True)
            return
        final = {key: page for key, page in pages.items() if page.is_final}
        self._register(place.name, final, content["texts"], content["truncated"])

    def _register(
        self, name: str, pages: Iterable[str], texts: Sequence[str], truncated: int
    ) -> None:
        self._pages |= dict.fromkeys(pages, name)
        self._texts |= {bytes.fromhex(text): (name, row) for row, text in enumerate(texts)}
        self._truncated[name] = truncated

    def _parse_content(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self._home / name / _PAGES).read_bytes())
        return content

    def _map_vectors(self, name: str) -> Vectors:
        path = self._home / name / _VECTORS
        vectors: Vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        return vectors


def _write_file(path: Path, data: bytes) -> None:
    """Write a file that a power failure leaves whole once its folder is renamed."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def serialise_vectors(vectors: Vectors) -> bytes:
    """Return vectors, of shape (n, dimension), float32, in NumPy's format."""
    stream = BytesIO()
    np.save(stream, vectors, allow_pickle=False)
    return stream.getvalue()


def parse_vectors(data: bytes) -> Vectors:
    """Parse vectors of `serialise_vectors`, of shape (n, dimension), float32."""
    vectors: Vectors = np.load(BytesIO(data), allow_pickle=False)
    return vectors
