"""The stages of a build on the cluster: a worker reads pages, another one embeds their texts.

What goes from stage to stage is a row with bytes, which Ray carries from machine to machine. No
value ends with a zero byte, which some of Ray's arrays would lose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from ingest.documents import Page
from ingest.engine.parts import Part, ReadPage, parse_vectors, serialise_vectors
from ingest.errors import IngestError
from ingest.loading.chunker import Chunker, Tokenizer
from ingest.loading.frames import (
    PageChunks,
    parse_chunker,
    parse_page,
    read_frame,
    serialise_chunker,
    serialise_page,
    write_frame,
)
from ingest.loading.reading import PAGE_SECONDS, read_apart
from rag_core import __version__
from rag_core.protocols import Embedder, TruncatingEmbedder

_END = b"\n"


@dataclass(frozen=True, slots=True)
class Tools:
    """The openers of what workers read and embed with; they travel to them.

    Attributes:
        open_tokenizer: opens what counts tokens.
        open_embedder: opens the model.
        chunker: the rules of division, as `serialise_chunker` writes them.
        docent: the version of docent that all workers must have.
        page_seconds: longest time that a page may compute.
    """

    open_tokenizer: Callable[[], Tokenizer]
    open_embedder: Callable[[], Embedder]
    chunker: bytes
    docent: str
    page_seconds: float = PAGE_SECONDS

    @classmethod
    def of(
        cls,
        open_tokenizer: Callable[[], Tokenizer],
        open_embedder: Callable[[], Embedder],
        chunker: Chunker,
    ) -> Tools:
        """Build the tools for pages that this chunker would divide.

        Args:
            open_tokenizer: opens what counts tokens.
            open_embedder: opens the model.
            chunker: its rules are those of the workers.

        Returns:
            The tools, for workers with this version of docent.
        """
        rules = serialise_chunker(chunker)
        return cls(open_tokenizer, open_embedder, rules, __version__)

    def check_version(self) -> None:
        """Check that this worker runs the same docent.

        Raises:
            IngestError: it runs another version.
        """
        if (here := __version__) != self.docent:
            raise IngestError(
                f"A machine of the Ray cluster has docent {here}, and not {self.docent}: install "
                "the same version on all of them."
            )

    def open_chunker(self) -> Chunker:
        """Open a chunker that divides as docent's own would."""
        max_tokens, budget, keeps_outline = parse_chunker(self.chunker)
        tokenizer = _LimitedTokenizer(self.open_tokenizer(), max_tokens)
        return Chunker(tokenizer, budget=budget, keeps_outline=keeps_outline)


class _LimitedTokenizer:
    """A tokenizer with the limit of docent's own model, which may be loaded elsewhere."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self.max_tokens = max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text."""
        return self._tokenizer.count_tokens(texts)


class PageStage:
    """Reads and divides the pages of one part after the other, each with its deadline."""

    def __init__(self, tools: Tools) -> None:
        tools.check_version()
        self._chunker = tools.open_chunker()
        self._seconds = tools.page_seconds

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row with pages that are read, and with their texts."""
        pages = [*parse_pages(row["pages"])]
        read: list[ReadPage] = []
        texts: dict[str, str] = {}
        reading = read_apart(pages, self._chunker, _ignore_stop, seconds=self._seconds)
        with closing(reading) as outcomes:
            for page, outcome in zip(pages, outcomes, strict=True):
                read.append(ReadPage.of(outcome, page))
                if isinstance(outcome, PageChunks):
                    texts |= {chunk.embedding_hash: chunk.embedding_text for chunk in outcome}
        replies = [[page.kind, page.reply] for page in read]
        return {
            "number": row["number"],
            "pages": json.dumps(replies).encode(),
            "texts": json.dumps(texts).encode(),
        }


class TextStage:
    """Embeds the texts of one part after the other, each text once."""

    def __init__(self, tools: Tools) -> None:
        tools.check_version()
        self._embedder = tools.open_embedder()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row with vectors, and with the hashes of the texts."""
        texts: dict[str, str] = json.loads(row["texts"])
        before = _count_truncated(self._embedder)
        vectors = (
            self._embedder.embed_passages([*texts.values()])
            if texts
            else np.empty((0, self._embedder.dimension), np.float32)
        )
        return {
            "number": row["number"],
            "pages": row["pages"],
            "texts": json.dumps([*texts]).encode(),
            "vectors": serialise_vectors(vectors) + _END,
            "truncated": _count_truncated(self._embedder) - before,
        }


def serialise_pages(pages: Iterable[Page]) -> bytes:
    """Return the pages of a part."""
    stream = BytesIO()
    for page in pages:
        write_frame(stream, serialise_page(page))
    return stream.getvalue() + _END


def parse_pages(data: bytes) -> Iterator[Page]:
    """Parse the pages of `serialise_pages`."""
    stream = BytesIO(data)
    while (payload := read_frame(stream)) is not None:
        yield parse_page(payload)


def parse_part(row: Mapping[str, Any], keys: Sequence[str]) -> Part:
    """Parse a row of `TextStage`; its pages have these keys."""
    read = [ReadPage(*page) for page in json.loads(row["pages"])]
    return Part(
        dict(zip(keys, read, strict=True)),
        tuple(json.loads(row["texts"])),
        parse_vectors(row["vectors"]),
        int(row["truncated"]),
    )


def _count_truncated(embedder: Embedder) -> int:
    return embedder.truncated if isinstance(embedder, TruncatingEmbedder) else 0


def _ignore_stop() -> None:
    """Do nothing: Ray ends a worker if the build is stopped."""
