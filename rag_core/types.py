"""The data that flows from an indexed chunk to an answer. All of it is frozen."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Shape (n, dimension), rows of L2 norm 1."""

Vector = NDArray[np.float32]
"""Shape (dimension,), L2 norm 1."""


def hash_content(*parts: str) -> str:
    """SHA-256 over the parts, as 32 hexadecimal digits: safe as a Milvus key."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8))
        digest.update(encoded)
    return digest.hexdigest()[:32]


PageKey = tuple[str, str]
"""Source and path of a page."""


@dataclass(frozen=True, slots=True, eq=False)
class PageVector:
    """Where a page points: the mean of its chunks' vectors, of L2 norm 1, and how many they are."""

    mean: Vector
    chunks: int

    @classmethod
    def of(cls, vectors: Vectors) -> PageVector:
        """By the vectors of its chunks, one at least."""
        mean = np.mean(vectors, axis=0)
        norm = max(float(np.linalg.norm(mean)), 1e-9)
        return cls(np.asarray(mean / norm, np.float32), len(vectors))


_LINK = re.compile(
    r"""!?\[([^\]\n]*)\]                                     # the label, which stays
        \(\s*<?(?:[a-z]+:|[\#./]|[\w/-]+\.(?:md|html))[^)\s]*  # a target that looks like one
        (?:\s+"[^"\n]*")?\)""",
    re.VERBOSE,
)


def strip_link_targets(markdown: str) -> str:
    """Links and images as a reader sees them: targets are many tokens of noise to a model."""
    return _LINK.sub(r"\1", markdown)


@dataclass(frozen=True)
class Chunk:
    """A piece of a page: what is embedded, searched, shown and cited.

    Attributes:
        id: content-derived, 32 hexadecimal digits; an edit elsewhere on the page keeps it.
        source: name of the source the page came from.
        path: the page's path inside its source, for instance `en/faq/product_faq.md`.
        url: where a reader finds the section, with `#anchor` where one is known.
        title: the page's title.
        headings: the headings above the text, outermost first; without the title.
        position: the chunk's place on its page, from 0.
        text: the original text, as a reader sees it.
        version: of what the page documents, as its source says; empty where it says nothing.
        language: likewise the page's language, for instance `en`.

    Version and language are no part of the id: a source whose label changes keeps its vectors.
    """

    id: str
    source: str
    path: str
    url: str
    title: str
    headings: tuple[str, ...]
    position: int
    text: str
    version: str = ""
    language: str = ""

    @property
    def page_key(self) -> PageKey:
        """The page that the chunk is a piece of."""
        return self.source, self.path

    @property
    def heading_path(self) -> str:
        """Title and headings joined by ' > ', a first heading that repeats the title left out."""
        headings = self.headings[1:] if self.headings[:1] == (self.title,) else self.headings
        return " > ".join(part for part in (self.title, *headings) if part)

    @property
    def embedding_text(self) -> str:
        """What the embedder and BM25 read: heading path and text, without the targets of links."""
        text = strip_link_targets(self.text)
        return f"{self.heading_path}\n\n{text}" if self.heading_path else text

    @cached_property
    def embedding_hash(self) -> str:
        """Hash of the embedded text: equal hashes can share a vector."""
        return hash_content(self.embedding_text)


@dataclass(frozen=True, slots=True)
class Scope:
    """What part of the index a question is asked of; what is empty asks for nothing.

    Version and language are compared as they are written: `2.4` is not `2.4.1`.
    """

    sources: tuple[str, ...] = ()
    path_prefix: str = ""
    version: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation before the question."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what was said before it and where to look."""

    text: str
    history: tuple[Turn, ...] = ()
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class Hit:
    """A row found by one search. The score's scale is the search's own: compare ranks."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that retrieval proposes; it must be reranked into a Passage before it is used.

    `retrieval_score` is the fused score in [0, 1]; the ranks count from 1 within each search, None
    where that search did not find the chunk.
    """

    chunk: Chunk
    retrieval_score: float
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk chosen for the answer. `rerank_score` is None where no reranker scored it."""

    chunk: Chunk
    retrieval_score: float
    rerank_score: float | None


@dataclass(frozen=True, slots=True)
class Citation:
    """A `[number]` in the answer and the passage it points at."""

    number: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens the LLM charged for, as it reported them."""

    prompt_tokens: int
    completion_tokens: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent in each stage of one answer; 0 for a stage that did not run."""

    rewrite_ms: float = 0.0
    embed_ms: float = 0.0
    search_ms: float = 0.0
    rerank_ms: float = 0.0
    first_text_ms: float = 0.0
    generate_ms: float = 0.0
    total_ms: float = 0.0


AnswerStatus = Literal["answered", "not_found"]
Degradation = Literal[
    "no_llm",
    "llm_failed",
    "llm_cut_off",
    "rerank_cut",
    "rerank_failed",
    "lexical_failed",
    "script_unread",
    "unsupported",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the asker gets. `degraded` names every stage that had to do without.

    `query` is the question as it was searched: a follow-up is rewritten to stand alone.
    """

    text: str
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    status: AnswerStatus
    degraded: tuple[Degradation, ...]
    revision: str
    usage: Usage | None
    timings: Timings
    query: str = ""

    @property
    def nearest_passages(self) -> tuple[Passage, ...]:
        """The best passage of each of the three pages that are nearest to the question."""
        pages: dict[tuple[str, str], Passage] = {}
        for passage in self.passages:
            pages.setdefault((passage.chunk.source, passage.chunk.path), passage)
        return tuple(pages.values())[:3]


@dataclass(frozen=True, slots=True)
class SearchStarted:
    """The pipeline looks for candidates."""


@dataclass(frozen=True, slots=True)
class RerankStarted:
    """The pipeline reranks `candidates` candidates."""

    candidates: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer, citations already checked."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerDone:
    """The complete answer; always the last event. Its text replaces all deltas."""

    answer: Answer


AnswerEvent = SearchStarted | RerankStarted | TextDelta | AnswerDone


SCHEMA_VERSION = 2
"""Of the fields of a stored chunk; raised whenever one is added or its meaning changes."""


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """How an index version was built; kept in its collection's properties.

    Attributes:
        model: name of the embedding model.
        dimension: of its vectors.
        chunker: fingerprint of the chunking rules.
        schema: version of the collection's fields.
        revision: hash over what the version holds; equal content has an equal revision.
    """

    model: str
    dimension: int
    chunker: str
    schema: int
    revision: str


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """The version that answers now."""

    collection: str
    spec: IndexSpec
