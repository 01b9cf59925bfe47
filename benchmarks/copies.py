"""Copies: how many pairs of chunks, on two pages of a documentation, say the same.

    python -m benchmarks.copies --json

By documentation, with the starter profile's chunks (`--indexes FOLDER` keeps the indexes): pairs
that docent takes for copies, pairs with nine tenths of their word triples in common, pairs that are
both, and the milliseconds for the key of a chunk. `--show N` prints some pairs of either kind.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.harness.question_sets import DOMAINS, open_set
from rag_core.retrieval.diversify import is_copy
from rag_core.retrieval.text_key import build_text_key
from rag_core.types import Chunk

_SIMILAR = 0.9
_COMMON = 60
"""A triple of words in more chunks than this makes no pair; copies have others."""

Pair = tuple[int, int]


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--indexes", type=Path, help="Folder that keeps the indexes.")
    parser.add_argument("--show", type=int, default=0, help="Pairs of either kind to print.")
    chosen = parser.parse_args(argv)
    results = {}
    for domain in DOMAINS:
        with open_set(domain, chosen.indexes) as opened:
            chunks = list(opened.target.store.read_chunks(opened.target.live.collection))
        results[domain.name] = measure(chunks, show=chosen.show)
    print(json.dumps(results, indent=2))


def measure(chunks: Sequence[Chunk], *, show: int = 0) -> dict[str, Any]:
    """Count the pairs of either kind, and print some."""
    started = time.perf_counter()
    keys = [build_text_key(chunk.text) for chunk in chunks]
    milliseconds = 1000 * (time.perf_counter() - started) / len(chunks)
    same_key = _pair(keys)
    copies = {(a, b) for a, b in same_key if is_copy(chunks[a], chunks[b])}
    copies = {(a, b) for a, b in copies if chunks[a].page_key != chunks[b].page_key}
    similar = set(_find_similar(chunks))
    found: dict[str, Any] = {
        "chunks": len(chunks),
        "copies": len(copies),
        "similar": len(similar),
        "both": len(copies & similar),
        "key_ms": round(milliseconds, 2),
    }
    if show:
        found["only_copies"] = _draw(chunks, copies - similar, show)
        found["only_similar"] = _draw(chunks, similar - copies, show)
    return found


def _pair(keys: Iterable[object]) -> Iterator[Pair]:
    places = defaultdict(list)
    for place, key in enumerate(keys):
        places[key].append(place)
    for group in places.values():
        yield from combinations(group, 2)


def _find_similar(chunks: Sequence[Chunk]) -> Iterator[Pair]:
    """Find the pairs of two pages with nine tenths of their word triples in common."""
    triples = [_split_triples(chunk.text) for chunk in chunks]
    places = defaultdict(list)
    for place, each in enumerate(triples):
        for triple in each:
            places[triple].append(place)
    pairs = {
        pair
        for group in places.values()
        if len(group) <= _COMMON
        for pair in combinations(group, 2)
    }
    for a, b in pairs:
        common = len(triples[a] & triples[b])
        if chunks[a].page_key != chunks[b].page_key and common >= _SIMILAR * (
            len(triples[a]) + len(triples[b]) - common
        ):
            yield a, b


def _split_triples(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold()) or [text]
    return frozenset(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2)))


def _draw(chunks: Sequence[Chunk], pairs: set[Pair], count: int) -> list[list[str]]:
    drawn = random.Random(0).sample(sorted(pairs), min(count, len(pairs)))
    return [
        [f"{chunks[place].heading_path}: {chunks[place].text}" for place in pair] for pair in drawn
    ]


if __name__ == "__main__":
    main()
