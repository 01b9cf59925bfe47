"""Answers without an LLM: word-for-word quotations of the sections that answer."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean

from rag_core.errors import ModelError, StoreError
from rag_core.generation.quotations.excerpts import (
    Group,
    close_end,
    extend_range,
    find_start,
    group_blocks,
    join_blocks,
    trim_code,
)
from rag_core.generation.quotations.sections import Section, build_sections, find_section
from rag_core.inference.model_errors import translate_model_errors
from rag_core.protocols import Embedder, VectorStore
from rag_core.retrieval.versions import list_version_labels
from rag_core.types import Chunk, Passage, Vector, strip_link_targets

logger = logging.getLogger(__name__)

QUOTED_PASSAGES = 3
"""Passages that are quoted, at most."""

MAX_CHARACTERS = 8_000
"""Characters of all quotations together: fewer than a message of any chat holds."""

_WHOLE = (2_400, 1_200)  # characters up to which the first, or a later, section is quoted whole
_PART = (1_600, 1_000)  # characters of a part of a longer one, unless its groups are longer
# Scores are cosines in units of their spread, because models differ in how far apart theirs lie.
_SPREAD = 0.05  # counts as one group more, so that a few near-equal groups stay near-equal
_LEAD = 1.5  # by which a later passage must be better to be quoted first
_PENALTY = 1.5  # by which a pointer, or code without a sentence, must be better
_BONUS = 0.5  # for code where the question asks for some
_REACH = 2.0  # below the best, up to which a second or third passage is quoted,
_SHARE = 0.7  # if its cosine is also this share of the best
_PER_PAGE = 2  # quotations of a page that come before those of others
_REPEATED = 0.5  # similarity from which a quotation adds nothing
_WANTS_CODE = re.compile(
    r"\b(?:code|examples?|snippets?|samples?|commands?|script)\b", re.IGNORECASE
)


@dataclass(eq=False, slots=True)
class _Draft:
    """A section that may be quoted.

    Attributes:
        section: the section.
        groups: its text.
        scores: by number of the group; only groups of the passages have one.
        near: numbers of the groups whose cosine is near the best.
        quoted: numbers of the groups that are quoted already.
    """

    section: Section
    groups: list[Group]
    scores: dict[int, float] = field(default_factory=dict)
    near: set[int] = field(default_factory=set)
    quoted: set[int] = field(default_factory=set)

    def rank(self, numbers: Sequence[int]) -> list[int]:
        """Return those that are scored and not quoted, best first."""
        left = [number for number in numbers if number in self.scores]
        left = [number for number in left if number not in self.quoted]
        return sorted(left, key=lambda number: -self.scores[number])


@dataclass(frozen=True, slots=True)
class _Place:
    """A passage, counted from 1, in its section; `own` are the groups that its chunk is part of."""

    number: int
    draft: _Draft
    own: tuple[int, ...]

    @property
    def best(self) -> int | None:
        """The best group that is left; None without any.

        Once the section is quoted, only the passage's own groups count.
        """
        draft = self.draft
        ranked = draft.rank(self.own if draft.quoted else range(len(draft.groups)))
        return ranked[0] if ranked else None

    @property
    def score(self) -> float:
        """The score of the best group; below all others without any."""
        return -math.inf if self.best is None else self.draft.scores[self.best]

    @property
    def is_weak(self) -> bool:
        """True if the best group says where to read, or shows code that no sentence is before."""
        if self.best is None:
            return True
        groups = self.draft.groups
        start = find_start(groups, self.best, self.draft.quoted)
        return groups[self.best].is_pointer or groups[start].is_bare

    @property
    def is_near(self) -> bool:
        """True if the best group is as near to the question as one that answers."""
        return self.best in self.draft.near


class Quoter:
    """Quotes the sections of passages.

    Args:
        embedder: the one the index was built with.
        store: holds the index, from which the rest of a divided section is read.
    """

    def __init__(self, embedder: Embedder, store: VectorStore) -> None:
        self._embedder = embedder
        self._store = store

    def quote(
        self,
        collection: str,
        vector: Vector | None,
        question: str,
        passages: Sequence[Passage],
        first: int = 1,
    ) -> tuple[str, tuple[int, ...]]:
        """Quote the sections that answer, numbered in their order.

        Args:
            collection: the version that was searched.
            vector: the question's, shape (dimension,), float32, of length 1; None without one.
            question: its text.
            passages: best first.
            first: number of the first quotation; the others count on from it.

        Returns:
            Markdown, and which passage each quotation is from, counted from 1; both are empty if
            nothing can be quoted.
        """
        chunks = [passage.chunk for passage in passages]
        sections = build_sections([*chunks, *self._read_neighbours(collection, chunks)])
        places = _find_places(chunks, sections, question)
        self._score_groups(places, vector, question)
        quotations, cited = [], []
        # Where the passages are of several versions, each quotation says which one it is from.
        versions = list_version_labels(chunks)
        for at, (number, heading, body) in enumerate(_choose_quotations(places), start=first):
            version = versions[number - 1]
            label = f"{heading} ({version})" if version else heading
            quotations.append(_format_quotation(label, at, body))
            cited.append(number)
        return "\n\n".join(quotations), tuple(cited)

    def _read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Read the chunks around the passages; return none if the store fails."""
        try:
            return self._store.read_neighbours(collection, chunks)
        except StoreError as error:
            logger.warning("Passages are quoted without the rest of their sections: %s", error)
            return []

    def _score_groups(self, places: Sequence[_Place], vector: Vector | None, question: str) -> None:
        """Score the groups of the passages by their cosines with the question."""
        wanted = {(place.draft, number): None for place in places for number in place.own}
        texts = [
            f"{draft.section.heading_path}\n\n{strip_link_targets(draft.groups[number].text)}"
            for draft, number in wanted
        ]
        if not texts:
            return
        wants_code = bool(_WANTS_CODE.search(question))
        cosines = self._compute_cosines(texts, vector)
        middle, best = mean(cosines), max(cosines)
        spread = math.hypot(_SPREAD, *(cosine - middle for cosine in cosines))
        spread /= math.sqrt(len(cosines) + 1)
        for (draft, number), cosine in zip(wanted, cosines, strict=True):
            rule = _compute_adjustment(draft.groups[number], wants_code=wants_code)
            least = min(best, _SHARE * best)
            draft.scores[number] = (cosine - least) / spread + rule
            draft.near.update([number] if cosine >= least else [])

    def _compute_cosines(self, texts: Sequence[str], vector: Vector | None) -> list[float]:
        """Compute the cosines of the texts, equal ones without the embedder."""
        if vector is not None:
            try:
                with translate_model_errors():
                    cosines: list[float] = (self._embedder.embed_passages(texts) @ vector).tolist()
                    return cosines
            except ModelError as error:
                logger.warning("Passages are quoted in their order: %s", error)
        return [1.0] * len(texts)


def _compute_adjustment(group: Group, *, wants_code: bool) -> float:
    """Return what breaks a tie: less for pointers and bare code."""
    if group.is_pointer or group.is_bare:
        return -_PENALTY
    return _BONUS if wants_code and group.has_code else 0.0


def _find_places(
    chunks: Sequence[Chunk], sections: Sequence[Section], question: str
) -> list[_Place]:
    """Find the section of each passage, and its groups there."""
    drafts: list[_Draft] = []
    places = []
    for number, chunk in enumerate(chunks, start=1):
        draft = next((each for each in drafts if each.section.has_chunk(chunk)), None)
        if draft is None:
            section = find_section(chunk, sections, chunks, limit=_WHOLE[bool(drafts)])
            if section is None:
                continue
            draft = _Draft(section, group_blocks(section.blocks, question))
            drafts.append(draft)
        own = [at for at, group in enumerate(draft.groups) if chunk.position in group.positions]
        places.append(_Place(number, draft, tuple(own)))
    return [place for place in places if place.own]


def _choose_quotations(places: Sequence[_Place]) -> Iterator[tuple[int, str, str]]:
    """Yield passage, heading and text of each quotation, best first."""
    said = [place for place in places if not _is_label_again(place.draft.section)]
    ordered = _order_places(said or places)
    least = max(0.0, max((place.score for place in ordered), default=0.0) - _REACH)
    quoted: list[str] = []
    for place in ordered:
        is_worth = not quoted or place.score >= least
        if len(quoted) < QUOTED_PASSAGES and is_worth:
            room = MAX_CHARACTERS - sum(map(len, quoted))
            number, body = _take_excerpt(place, places, later=bool(quoted))
            if body and len(body) <= room and not _is_repeated(body, quoted):
                quoted.append(body)
                yield number, place.draft.section.label, body


def _is_label_again(section: Section) -> bool:
    """Return True if a section's text is its heading once more."""
    text = " ".join(block.text for block in section.blocks)
    return text.strip("*_# \n").casefold() == section.label.casefold()


def _order_places(places: Sequence[_Place]) -> list[_Place]:
    """Order the places by score, two of a page before others.

    The first passage that answers stays first unless another is clearly better. One that is weak
    comes first only where it is, or where all others are about something else.
    """
    if not places:
        return []
    near = [place for place in places if place.is_near]
    strong = [place for place in near if not place.is_weak]
    best = max(places, key=lambda place: place.score)
    first = (strong or near or places)[0]
    first = best if best.score > first.score + _LEAD else first
    others = (place for place in places if place is not first)
    ordered = [first, *sorted(others, key=lambda place: -place.score)]
    pages = [place.draft.section.page for place in ordered]
    ranks = [pages[:at].count(page) for at, page in enumerate(pages)]
    surplus = [place for place, rank in zip(ordered, ranks, strict=True) if rank >= _PER_PAGE]
    return [place for place in ordered if place not in surplus] + surplus


def _take_excerpt(place: _Place, places: Sequence[_Place], *, later: bool) -> tuple[int, str]:
    """Take the text to quote out of a section.

    Returns:
        The number of the passage that holds the best of it, and the text; '' if it has none.
    """
    draft, best = place.draft, place.best
    if best is None:
        return place.number, ""
    size = sum(group.size for group in draft.groups)
    budget = size if not draft.quoted and size <= _WHOLE[later] else _PART[later]
    taken = extend_range(draft.groups, draft.scores, best, budget, draft.quoted)
    if {taken.start - 1, taken.stop} & draft.quoted:
        return place.number, ""  # it goes on where another quotation ends, for want of room
    draft.quoted.update(taken)
    kept = [draft.groups[at] for at in taken if at == best or not draft.groups[at].is_pointer]
    blocks = [block for group in kept for block in trim_code(group.blocks, budget)]
    shown = (each.number for each in places if each.draft is draft and set(each.own) & set(taken))
    return next(shown, place.number), join_blocks(close_end(blocks))


def _is_repeated(body: str, quoted: Sequence[str]) -> bool:
    triples = _split_triples(body)
    return any(_compute_similarity(triples, _split_triples(each)) > _REPEATED for each in quoted)


def _split_triples(text: str) -> frozenset[tuple[str, ...]]:
    """Return every three consecutive words; a shorter text is one of them."""
    words = text.casefold().split()
    return frozenset(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2)))


def _compute_similarity(
    first: frozenset[tuple[str, ...]], second: frozenset[tuple[str, ...]]
) -> float:
    """Return the Jaccard similarity, in [0, 1]."""
    return len(first & second) / len(first | second)


def _format_quotation(label: str, number: int, body: str) -> str:
    """Format a quotation: its heading with the citation, and the text."""
    lines = [f"**{label}** [{number}]", "", body] if label else [body, "", f"[{number}]"]
    return "\n".join(f"> {line}".rstrip() for line in "\n".join(lines).split("\n"))
