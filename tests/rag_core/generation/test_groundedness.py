from __future__ import annotations

import pytest

from rag_core.errors import ModelError
from rag_core.generation.groundedness import (
    SupportChecker,
    find_support_threshold,
    list_comparison_texts,
)
from tests.rag_core.fakes import HashEmbedder, make_chunk, make_passage

PASSAGES = [
    make_passage("Logs are written to a broker. Segments lie in object storage, for good."),
    make_passage("Users are managed with roles and privileges by an administrator.", title="Users"),
]


def check(embedder=None, threshold: float = 0.5) -> SupportChecker:
    return SupportChecker(embedder or HashEmbedder(), PASSAGES, threshold)


@pytest.mark.parametrize(
    ("sentence", "number", "supported"),
    [
        ("Segments lie in object storage", 1, True),
        ("Segments lie in object storage", 2, False),
        ("Users are managed with roles", 2, True),
        ("Users are managed with roles", 1, False),
        ("It is so:", 1, True),  # too short to be judged
        ("", 2, True),
        ("Пользователями управляют с помощью ролей", 1, True),  # noqa: RUF001  (another alphabet)
    ],
)
def test_a_sentence_is_supported_by_the_passage_it_is_from(sentence, number, supported):
    assert check()(sentence, number) is supported


def test_a_passage_and_a_sentence_are_embedded_once():
    embedder = HashEmbedder()
    judge = check(embedder)
    for _ in range(2):
        judge("Segments lie in object storage", 1)
    assert len(embedder.batches) == 2


def test_where_the_embedder_fails_the_marker_stays():
    class Broken(HashEmbedder):
        def embed_passages(self, texts):  # noqa: ARG002
            raise ModelError("The model server is down.")

    assert check(Broken())("Users are managed with roles", 1)


def test_the_parts_of_a_passage_are_limited():
    long = make_chunk("This is one of the many sentences here. " * 100)
    assert 2 < len(list_comparison_texts(long)) < 30


def test_the_threshold_loses_no_more_true_pairs_than_said():
    cosines = [number / 100 for number in range(100)]
    threshold = find_support_threshold(cosines, lost=0.02)
    assert sum(cosine < threshold for cosine in cosines) == 2
