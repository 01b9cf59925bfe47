"""A model whose cosines lie close together, such as e5, is fused like any other."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rag_core.models.minilm import MiniLM
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.hybrid_search import retrieve
from rag_core.types import Chunk, Question
from tests.rag_core.fakes import MemoryStore, make_chunk, publish

HANDBOOK = Path(__file__).parents[3] / "docs"
PAGES = ("operations.md", "configuration.md", "slack.md")
_SHIFT = 4.0


class ShiftedMiniLM(MiniLM):
    """The starter's model with one direction added to every vector, so that all are near."""

    def embed_passages(self, texts):
        vectors = super().embed_passages(texts)
        shifted = vectors + _SHIFT * np.eye(1, self.dimension, dtype=np.float32)
        return shifted / np.linalg.norm(shifted, axis=1, keepdims=True)


def read_sections() -> list[Chunk]:
    """The sections of some pages, each with its question as its heading."""
    chunks = []
    for page in PAGES:
        sections = re.split(r"^## (.+)$", (HANDBOOK / page).read_text(), flags=re.MULTILINE)[1:]
        for number, (heading, text) in enumerate(zip(sections[::2], sections[1::2], strict=True)):
            chunks.append(
                make_chunk(text, path=page, title=page, headings=(heading,), position=number)
            )
    return chunks


def find_first(model: MiniLM, chunks: list[Chunk]) -> tuple[int, float]:
    """How many headings find their own section first, and the least cosine of a nearest chunk."""
    store = MemoryStore()
    publish(store, model, chunks)
    right, least = 0, 1.0
    for chunk in chunks:
        vector = model.embed_query(chunk.headings[0])
        found = retrieve(
            store, store.read_live_index(), Question(chunk.headings[0]), vector, FusionConfig()
        )
        right += found.candidates[0].chunk == chunk
        least = min(least, found.dense_hits[-1].score)
    return right, least


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    return read_sections()[:40]


def test_real_vectors_that_are_shifted_close_together_find_as_much(chunks):
    plain, apart = find_first(MiniLM(), chunks)
    shifted, close = find_first(ShiftedMiniLM(), chunks)
    assert (apart < 0.3, close > 0.9) == (True, True)
    assert plain > len(chunks) / 2
    assert shifted >= plain - 1
