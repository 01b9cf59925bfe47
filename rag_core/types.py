"""The data on the way from an indexed chunk to an answer, all of it frozen."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Shape (n, dimension), float32, rows of length 1."""

Vector = NDArray[np.float32]
"""Shape (dimension,), float32, length 1."""


def hash_content(*parts: str) -> str:
    """Hash texts by SHA-256, to 32 hexadecimal digits.

    The result is safe as a key in Milvus.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8))
        digest.update(encoded)
    return digest.hexdigest()[:32]


PageKey = tuple[str, str]
"""Source and path of a page."""


# A label is matched without a target, too, so that no letter is read many times.
_LINK = re.compile(
    r"""!?\[(?P<label>[^\]\n]*+)
        (?P<link>\]\(\s*+<?(?:[a-z]++:|[\#./]|[\w/-]++\.(?:md|html))  # it looks like a target
        [^()\s]*+(?:\([^()\s]*+\)[^()\s]*+)*+(?:\s++"[^"\n]*+")?\))?""",
    re.VERBOSE,
)


def strip_link_targets(markdown: str) -> str:
    """Strip the targets of links and images.

    To a model they are many tokens of noise.
    """
    return _LINK.sub(lambda match: match["label"] if match["link"] else match[0], markdown)


@dataclass(frozen=True)
class Chunk:
    """A piece of a page, which docent embeds, searches, shows and cites.

    Attributes:
        id: hash of the content, 32 hexadecimal digits; an edit elsewhere on the page keeps it.
        source: name of the source that the page comes from.
        path: the page's path inside its source, for instance `en/faq/product_faq.md`.
        url: address of the section for a reader, with its `#anchor` if there is one.
        title: the page's title.
        headings: the headings above the text, outermost first; without the title.
        position: the chunk's place on its page, from 0.
        text: the original text, as a reader sees it.
        version: version of the documented product, as the source labels it; may be empty.
        language: language of the page, as the source labels it, for instance `en`; may be empty.

    Version and language are not part of the id, so a source whose label changes keeps its vectors.
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
        """Key of the page that the chunk is a piece of."""
        return self.source, self.path

    @property
    def heading_path(self) -> str:
        """Title and headings joined by ' > ', without a first heading that repeats the title."""
        headings = self.headings[1:] if self.headings[:1] == (self.title,) else self.headings
        return " > ".join(part for part in (self.title, *headings) if part)

    @property
    def embedding_text(self) -> str:
        """Text for the embedder and BM25: heading path and text, without the targets of links."""
        text = strip_link_targets(self.text)
        return f"{self.heading_path}\n\n{text}" if self.heading_path else text

    @cached_property
    def embedding_hash(self) -> str:
        """Hash of the embedded text: chunks with equal hashes can share a vector."""
        return hash_content(self.embedding_text)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the index that a question is asked of; an empty field does not restrict it.

    Version and language are compared literally: `2.4` is not `2.4.1`.
    """

    sources: tuple[str, ...] = ()
    path_prefix: str = ""
    version: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: its media type, such as `image/png`, and its bytes."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation; the last one of a request may have pictures."""

    role: Literal["user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question, with what belongs to it.

    Attributes:
        text: the question itself.
        history: the conversation before it, oldest turn first.
        scope: the part of the index to search.
        instructions: what the channel tells the LLM, in addition to the team's instructions.
        material: what the question is about, read with it: quoted messages, alerts, logs.
        images: pictures for an LLM that takes them.
        id: names the question in every log line; empty for none.
    """

    text: str
    history: tuple[Turn, ...] = ()
    scope: Scope = field(default_factory=Scope)
    instructions: str = ""
    material: str = ""
    images: tuple[Image, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A row found by one search. The score's scale is the search's own: compare ranks."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that retrieval proposes; it must be reranked into a Passage before it is used.

    Attributes:
        chunk: the chunk.
        retrieval_score: the fused score in [0, 1].
        dense_rank: rank in the dense search, from 1; None if it did not find the chunk.
        lexical_rank: rank in the search by words, from 1; None if it did not find the chunk.
    """

    chunk: Chunk
    retrieval_score: float
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk chosen for the answer; its `rerank_score` is None if no reranker scored it."""

    chunk: Chunk
    retrieval_score: float
    rerank_score: float | None


@dataclass(frozen=True, slots=True)
class Citation:
    """A `[number]` in the answer, and its passage."""

    number: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call to the LLM, as its server reports them."""

    prompt_tokens: int
    completion_tokens: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds in each stage of an answer; 0 for a stage that did not run."""

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
    "llm_empty",
    "llm_cut_off",
    "answer_cut",
    "images_unseen",
    "embed_failed",
    "rerank_cut",
    "rerank_failed",
    "lexical_failed",
    "script_unread",
    "rewrite_failed",
    "rewrite_unavailable",
    "unsure",
    "search_incomplete",
    "unsupported",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer.

    Attributes:
        text: the answer, with citations as `[number]`.
        citations: the citations in the text.
        passages: the passages chosen for the answer, best first.
        status: whether the documentation answers the question.
        degraded: every stage that did not run as it should.
        revision: revision of the index that answered.
        usage: tokens of the LLM; None if it did not run or reported none.
        timings: milliseconds in each stage.
        query: what was searched for, in the form that the scores spoke for; a line for each part
            of the question, and two for a part whose forms were fused.
        unanswered: parts of the question that quotations leave without an answer; an LLM says in
            its text what is missing.
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
    unanswered: tuple[str, ...] = ()

    @property
    def nearest_passages(self) -> tuple[Passage, ...]:
        """The best passage of each of the three best pages."""
        pages: dict[tuple[str, str], Passage] = {}
        for passage in self.passages:
            pages.setdefault((passage.chunk.source, passage.chunk.path), passage)
        return tuple(pages.values())[:3]


@dataclass(frozen=True, slots=True)
class SearchStarted:
    """The pipeline begins to search for candidates."""


@dataclass(frozen=True, slots=True)
class RerankStarted:
    """The pipeline begins to rerank so many candidates."""

    candidates: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer, with its citations already checked."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerDone:
    """The complete answer, always the last event; its text replaces all deltas."""

    answer: Answer


AnswerEvent = SearchStarted | RerankStarted | TextDelta | AnswerDone


SCHEMA_VERSION = 3
"""Version of a stored chunk's fields; raise it when one is added or changes its meaning.

The tokens of BM25 are such a field: raise it when `bm25_tokens` makes others of a text.
"""


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """Model, chunker and schema of an index version, kept in its collection's properties.

    Attributes:
        model: name of the embedding model.
        dimension: length of its vectors.
        chunker: fingerprint of the chunking rules.
        schema: version of the collection's fields.
        revision: hash of the version's content; equal content has an equal revision.
    """

    model: str
    dimension: int
    chunker: str
    schema: int
    revision: str


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """The live version: its collection, and how it was built."""

    collection: str
    spec: IndexSpec
