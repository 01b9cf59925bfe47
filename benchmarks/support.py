"""The cosine from which a passage supports a sentence, on the Milvus 2.4 documentation.

    python -m benchmarks.support --json

True pairs: sentences of a passage, lower-cased, without markup and without every fourth word, with
the passage they are from. False pairs: the same sentences with a passage of another page; and with
the next passage of the same page, which is the harder case. The starter's embedder judges.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest.documents import Page
from ingest.formats import read_document
from ingest.loading.chunker import Chunker
from rag_core.generation.groundedness import SupportChecker, find_support_threshold
from rag_core.generation.text.prose import SENTENCE_END
from rag_core.models.minilm import MiniLM
from rag_core.protocols import Embedder
from rag_core.types import Chunk, Passage

SHARED = Path(__file__).parent.parent.parent / "shared"
CORPUS = SHARED / "corpus" / "milvus_docs_2.4.x_en.zip"
LOST = 0.02
"""Share of true markers that may be lost."""

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SHORTEST, _WORDS, _SEED = 40, 7, 7


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--pairs", type=int, default=100, help="Sentences that are tried.")
    chosen = parser.parse_args(argv)
    embedder = MiniLM()
    print(json.dumps(measure(embedder, chunks(CORPUS, embedder), pairs=chosen.pairs), indent=2))


def chunks(corpus: Path, embedder: Embedder) -> list[list[Chunk]]:
    """The chunks of each page of a zip, in their order."""
    chunker = Chunker(embedder)
    with zipfile.ZipFile(corpus) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".md"))
        pages = [Page("docs", name, name, archive.read(name)) for name in names]
    divided = [
        chunker.split_document(read_document(page)) for page in pages[::4] if page.data.strip()
    ]
    return [found for found in divided if len(found) > 1]


def measure(embedder: Embedder, pages: Sequence[Sequence[Chunk]], *, pairs: int) -> dict[str, Any]:
    """Cosines of true and false pairs, the threshold, and what it would drop."""
    chance = random.Random(_SEED)
    tried = [(page, place, text) for page in pages for place, text in _sentences(page)]
    tried = chance.sample(tried, min(pairs, len(tried)))
    true, other, near = [], [], []
    for page, place, sentence in tried:
        stranger = chance.choice([found for found in pages if found is not page])
        against = (page[place], chance.choice(stranger), page[(place + 1) % len(page)])
        passages = [Passage(chunk, 1.0, None) for chunk in against]
        check = SupportChecker(embedder, passages, 0.0)
        for number, cosines in enumerate((true, other, near), 1):
            cosines.append(check.compute_cosine(_reworded(sentence), number))
    threshold = math.floor(find_support_threshold(true, lost=LOST) * 100) / 100
    return {
        "pairs": len(tried),
        "true": _spread(true),
        "other_page": _spread(other),
        "next_passage": _spread(near),
        "threshold": threshold,
        "true_lost": _below(true, threshold),
        "other_page_dropped": _below(other, threshold),
        "next_passage_dropped": _below(near, threshold),
    }


def _sentences(page: Sequence[Chunk]) -> Iterator[tuple[int, str]]:
    """Sentences of prose that are long enough to say something, with their chunk's place."""
    for place, chunk in enumerate(page):
        for line in _FENCE.sub("", chunk.text).splitlines():
            if re.match(r"\s*(?:[#|<>{*+-]|\d+\.)", line):
                continue
            for sentence in SENTENCE_END.split(line.strip()):
                if len(sentence) >= _SHORTEST and len(sentence.split()) >= _WORDS:
                    yield place, sentence


def _reworded(sentence: str) -> str:
    words = re.sub(r"[`*\[\]()]", "", sentence).lower().split()
    return " ".join(word for place, word in enumerate(words) if place % 4 != 3)


def _spread(cosines: Sequence[float]) -> dict[str, float]:
    return {f"p{p}": round(float(np.percentile(cosines, p)), 3) for p in (2, 25, 50, 75, 98)}


def _below(cosines: Sequence[float], threshold: float) -> float:
    return round(float(np.mean(np.asarray(cosines) < threshold)), 3)


if __name__ == "__main__":
    main()
