"""Chunking: documents are divided by section into whole blocks, within a token budget."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import quote

from ingest.documents import Block, Document, PageError, Section
from ingest.loading.near_empty import SectionGroup, group_sections
from ingest.loading.packing import MAX_CHARS, Piece, add_lead, pack_lines, pack_pieces
from ingest.loading.table_rows import split_row
from rag_core.types import Chunk, hash_content, strip_link_targets

CHUNKER = "2"
"""Version of the rules here and of the readers; raise it, so that all pages are reread."""

BUDGET = 250
"""Tokens of a chunk with its heading path: as many as MiniLM reads (docs/quality.md)."""

MAX_CHUNKS = 5_000
"""Chunks of a page: a book of a thousand pages has fewer."""

MAX_COUNTED = 30_000_000
"""Characters of a page that are counted, parts inside others again."""

_WHOLE = {"fence", "code", "table", "list", "item"}
_COLONS = (":", "\N{FULLWIDTH COLON}")
_SPECIAL_TOKENS = 4
_LONG = 1_000  # characters of a sentence; a longer one is divided without being counted first
_WORD = 200  # characters of a word, likewise
_SENTENCE = re.compile(r"[.!?][\"'”’)\]]*\s+|[。！？]|\n")  # noqa: RUF001  (Chinese and Japanese)
_SPACE = re.compile(r"\s+")


class Tokenizer(Protocol):
    """The part of an embedder that counts tokens."""

    @property
    def max_tokens(self) -> int:
        """Longest input of the model."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special ones."""


@dataclass(frozen=True, slots=True)
class _TokenBudget:
    """Limits of a chunk's text in tokens, without the heading path.

    Attributes:
        fill: for neighbouring pieces that share a chunk.
        whole: for a block that should stay whole.
    """

    fill: int
    whole: int


class Chunker:
    """The division of documents into chunks.

    A chunk holds at most `budget` tokens with its heading path. A fence, table, list, list item or
    sentence may take twice as many, if the model reads that much, before it is divided.

    Args:
        tokenizer: counts tokens as the embedder does.
        budget: tokens of a chunk.
        keeps_outline: whether what reads pages for it returns the outline of each page, too.
    """

    def __init__(
        self, tokenizer: Tokenizer, *, budget: int = BUDGET, keeps_outline: bool = False
    ) -> None:
        self.tokenizer, self.budget, self.keeps_outline = tokenizer, budget, keeps_outline
        longest = tokenizer.max_tokens - _SPECIAL_TOKENS
        self._fill = min(budget, longest)
        self._whole = min(2 * budget, longest)
        self._count = _TokenCounter(lambda texts: _count_tokens(tokenizer, texts))

    @property
    def fingerprint(self) -> str:
        """Text that is equal for chunkers with the same rules."""
        return f"{CHUNKER}/{self._fill}/{self._whole}"

    def split_document(self, document: Document) -> list[Chunk]:
        """Return the chunks of a page, none if it has no text.

        Raises:
            PageError: the page has more than `MAX_CHUNKS` chunks, or too much text to count.
        """
        groups = [*group_sections(document.sections)]
        self._count.restart(_list_counted_texts(document, groups))
        drafts: list[Chunk] = []
        for section, text in self._split_groups(document, groups):
            if len(drafts) == MAX_CHUNKS:
                raise PageError(f"has text for more than {MAX_CHUNKS:,} chunks")
            drafts.append(_draft_chunk(document, section, text, len(drafts)))
        return assign_ids(drafts)

    def _split_groups(
        self, document: Document, groups: Sequence[SectionGroup]
    ) -> Iterator[tuple[Section, str]]:
        has_text = False
        for group in groups:
            section = group.section
            # 1. The heading path takes its share of the budget.
            budget = self._compute_budget(_draft_chunk(document, section, "", 0).heading_path)
            # 2. Blocks are divided until each piece fits, and neighbours joined if they fit.
            for text in pack_pieces(self._split_group(group, budget), budget.fill):
                has_text = True
                yield section, text
        headings = [section.headings[-1] for section in document.sections if section.headings]
        if headings and not has_text:
            # A page of headings alone can still be found by them.
            yield document.sections[0], "\n".join(headings)[:MAX_CHARS]

    def _split_group(self, group: SectionGroup, budget: _TokenBudget) -> Iterator[Piece]:
        """Yield the pieces of a section, those of near-empty ones marked."""
        for piece in self._split_blocks(group.before, budget):
            yield piece._replace(is_aside=True)
        yield from self._split_blocks(group.section.blocks, budget)
        for piece in self._split_blocks(group.after, budget):
            yield piece._replace(is_aside=True)

    def _split_blocks(self, blocks: Iterable[Block], budget: _TokenBudget) -> Iterator[Piece]:
        """Yield the pieces of blocks; a list keeps its lead-in."""
        before: Block | None = None
        for block in blocks:
            pieces = self._split_block(block, budget)
            lead = _find_lead(before, block)
            if lead and (tokens := self._count(lead)) <= budget.fill // 4:
                pieces = (add_lead(piece, lead, tokens) for piece in pieces)
            yield from pieces
            before = block

    def _compute_budget(self, heading_path: str) -> _TokenBudget:
        # A long heading path may not take more than half of the budget.
        heading = self._count(heading_path)
        return _TokenBudget(
            fill=max(self._fill - heading, self._fill // 2),
            whole=max(self._whole - heading, self._fill // 2),
        )

    def _split_block(self, block: Block, budget: _TokenBudget) -> Iterator[Piece]:
        tokens = self._count(block.text)
        limit = budget.whole if block.kind in _WHOLE else budget.fill
        if tokens <= limit and len(block.text) <= MAX_CHARS:
            yield Piece(block.text, tokens)
        elif block.parts:
            yield from self._split_parts(block, budget)
        elif block.head or block.kind == "code":
            yield from self._group_lines(block, budget)
        else:
            yield from self._split_sentences(block.text, budget)

    def _split_parts(self, block: Block, budget: _TokenBudget) -> Iterator[Piece]:
        self._count.learn(part.text for part in block.parts)
        glue = "\n" if block.kind == "list" else "\n\n"
        for piece in self._split_blocks(block.parts, budget):
            if piece.glue:
                yield piece._replace(text=textwrap.dedent(piece.text), glue=glue)
            else:
                yield piece

    def _group_lines(self, block: Block, budget: _TokenBudget) -> Iterator[Piece]:
        """Yield groups of lines, each between the block's head and tail."""
        head, tail, lines = _split_frame(block)
        self._count.learn([f"{head}\n{tail}", *lines])
        fill = budget.fill - self._count(f"{head}\n{tail}")
        if fill < budget.fill // (4 if block.kind == "table" else 2):
            # Too large to be repeated. A second fence inside would look like half of one.
            label = head.strip().lstrip("`~").strip() if tail.strip() else head
            head, lines = tail.strip(), [*filter(None, [label]), *lines]
            fill = max(budget.fill - 2 * self._count(tail), budget.fill // 4)
        split = self._split_row if block.kind == "table" else self._split_line
        pieces = [piece for line in lines for piece in split(line, fill)]
        framed = [
            "\n".join(part for part in (head, text, tail) if part)
            for text in pack_lines(pieces, fill)
        ]
        self._count.learn(framed)
        for text in framed:
            yield Piece(text, self._count(text))

    def _split_row(self, row: str, fill: int) -> Iterator[Piece]:
        if self._count(row) <= fill and len(row) <= _LONG:
            yield Piece(row, self._count(row), "\n")
            return
        rows = [*split_row(row, fill, count=self._count, split=self._split_cell)]
        if not rows:
            yield from self._split_line(row, fill)
        for part in rows:
            yield Piece(part, self._count(part), "\n")

    def _split_cell(self, text: str, fill: int) -> Iterator[str]:
        pieces = self._split_sentences(text, _TokenBudget(fill, fill))
        return pack_lines(pieces, fill)

    def _split_line(self, line: str, fill: int) -> Iterator[Piece]:
        tokens = self._count(line)
        if tokens <= fill and len(line) <= _LONG:
            yield Piece(line, tokens, "\n")
            return
        for piece in self._split_sentences(line, _TokenBudget(fill, fill)):
            yield Piece(piece.text, piece.tokens, piece.glue and "\n")

    def _split_sentences(self, text: str, budget: _TokenBudget) -> Iterator[Piece]:
        """Yield sentences, and the words of a sentence that is too long."""
        sentences = _cut_text(text, _SENTENCE)
        self._count.learn(s.strip() for s in sentences if len(s) <= _LONG)
        glue = "\n\n"  # before the first only: each sentence keeps the white space at its end
        for sentence in sentences:
            if len(sentence) <= _LONG and self._count(sentence.strip()) <= budget.whole:
                yield Piece(sentence, self._count(sentence.strip()), glue)
                glue = ""
                continue
            words = self._split_words(sentence, budget.fill)
            first = next(words)  # a sentence is never empty
            yield Piece(first.text, first.tokens, glue)
            yield from words
            glue = ""

    def _split_words(self, sentence: str, fill: int) -> Iterator[Piece]:
        words = [
            w[i : i + _WORD] for w in _cut_text(sentence, _SPACE) for i in range(0, len(w), _WORD)
        ]
        self._count.learn(word.strip() for word in words)
        for word in words:
            tokens = self._count(word.strip())
            if tokens <= fill:
                yield Piece(word, tokens, "")
            else:
                yield from self._halve_word(word, fill)

    def _halve_word(self, word: str, fill: int) -> Iterator[Piece]:
        tokens = self._count(word.strip())
        if tokens <= fill or len(word) < 2:
            yield Piece(word, tokens, "")
            return
        middle = len(word) // 2
        yield from self._halve_word(word[:middle], fill)
        yield from self._halve_word(word[middle:], fill)


def _count_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Count the tokens of texts as they will be embedded."""
    return tokenizer.count_tokens([strip_link_targets(text) for text in texts])


class _TokenCounter:
    """Token counts of one document, counted in batches because each call is slow."""

    def __init__(self, count: Callable[[Sequence[str]], list[int]]) -> None:
        self._count = count
        self._counts: dict[str, int] = {}
        self._length = 0

    def restart(self, texts: Iterator[str]) -> None:
        """Forget the last document, and count the texts of the next one."""
        self._counts, self._length = {}, 0
        self.learn(texts)

    def learn(self, texts: Iterator[str] | Sequence[str]) -> None:
        """Count texts in one batch."""
        # A text over the limit of characters is divided in any case, so it needs no count.
        new = [t for t in dict.fromkeys(texts) if t not in self._counts and len(t) <= MAX_CHARS]
        self._length += sum(map(len, new))
        if self._length > MAX_COUNTED:
            raise PageError("has too much text to divide")
        if new:
            self._counts.update(zip(new, self._count(new), strict=True))

    def __call__(self, text: str) -> int:
        if len(text) > MAX_CHARS:
            return len(text)
        if text not in self._counts:
            self.learn([text])
        return self._counts[text]


def _draft_chunk(document: Document, section: Section, text: str, position: int) -> Chunk:
    linkable = section.anchor and "#" not in document.url
    return Chunk(
        id="",
        source=document.source,
        path=document.path,
        url=f"{document.url}#{quote(section.anchor, safe='=')}" if linkable else document.url,
        title=document.title,
        headings=section.headings,
        position=position,
        text=text,
        version=document.version,
        language=document.language,
    )


def _list_counted_texts(document: Document, groups: Iterable[SectionGroup]) -> Iterator[str]:
    """Yield the texts that are counted in any case."""
    for group in groups:
        yield _draft_chunk(document, group.section, "", 0).heading_path
        blocks = [*group.before, *group.section.blocks, *group.after]
        yield from (block.text for block in blocks)
        yield from filter(None, map(_find_lead, blocks, blocks[1:]))


def assign_ids(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Give the chunks of a page their ids: hashes of their content."""
    named: list[Chunk] = []
    # Equal texts are told apart by their number.
    occurrences: Counter[tuple[str, str]] = Counter()
    for chunk in chunks:
        key = (chunk.heading_path, chunk.text)
        identity = (chunk.source, chunk.path, *key, str(occurrences[key]))
        named.append(replace(chunk, id=hash_content(*identity)))
        occurrences[key] += 1
    return named


def _find_lead(before: Block | None, block: Block) -> str:
    """Return the sentence that leads in to a list, if any."""
    if before is None or before.kind != "paragraph" or block.kind != "list":
        return ""
    text = before.text[-_LONG:].rstrip()
    return _cut_text(text, _SENTENCE)[-1].strip() if text.endswith(_COLONS) else ""


def _split_frame(block: Block) -> tuple[str, str, list[str]]:
    """Return a block's head, its tail and the lines between."""
    lines = block.text.split("\n")
    first = len(block.head.split("\n")) if block.head else 0
    last = len(lines) - (1 if block.tail else 0)
    return block.head, block.tail, lines[first:last]


def _cut_text(text: str, boundary: re.Pattern[str]) -> list[str]:
    """Cut a text after every boundary; lose nothing."""
    ends = [match.end() for match in boundary.finditer(text)]
    return [part for part in map(text.__getitem__, _build_slices(ends, len(text))) if part]


def _build_slices(ends: Sequence[int], length: int) -> Iterator[slice]:
    yield from map(slice, [0, *ends], [*ends, length])
