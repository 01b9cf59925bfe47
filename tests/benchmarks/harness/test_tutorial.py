from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.harness.tutorial import CANDIDATES, Tutorial, TutorialReranker, split


class Milvus:
    """As much of MilvusClient as the tutorial uses, over a matrix."""

    def __init__(self):
        self.rows = None

    def has_collection(self, _name):
        return self.rows is not None

    def drop_collection(self, _name):
        self.rows = None

    def create_collection(self, *, dimension, **_):
        self.rows, self.dimension = [], dimension

    def insert(self, *, data, **_):
        assert all(len(row["vector"]) == self.dimension for row in data)
        self.rows += data

    def search(self, *, data, limit, **_):
        scores = np.array([row["vector"] for row in self.rows]) @ np.array(data[0])
        best = np.argsort(-scores)[:limit]
        return [[{"entity": {"text": self.rows[i]["text"]}, "distance": scores[i]} for i in best]]


class Letters:
    """Embeds a text as the share of each letter in it."""

    def encode(self, texts, prompt_name=None):
        assert prompt_name in {None, "query"}
        counts = [[text.count(letter) + 0.01 for letter in "abcdefghijklmnop"] for text in texts]
        return np.array([np.array(row) / np.linalg.norm(row) for row in counts])


class Longest(TutorialReranker):
    def scores(self, query, documents, task=None):  # noqa: ARG002
        return [len(document) / 100 for document in documents]


def test_splits_at_hash_and_space(tmp_path):
    (tmp_path / "a.md").write_text("---\n# One\ntext\n## Two\n#tag stays\n")
    assert split([tmp_path / "a.md"]) == ["---\n", "One\ntext\n#", "Two\n#tag stays\n"]


@pytest.mark.parametrize("rounds", [1, 2])
def test_from_lines_to_the_three_best(rounds):
    tutorial = Tutorial(Letters(), Longest(SimpleNamespace(), SimpleNamespace()), Milvus())
    lines = ["a" * n for n in range(1, 9)] + ["b" * n for n in range(1, 9)]
    for _ in range(rounds):
        tutorial.index(lines)
    found = tutorial.search("aa")
    assert len(found) == CANDIDATES
    assert {text[0] for text, _ in found[:8]} == {"a"}
    assert [text for text, _ in tutorial.answer_passages("aa")] == ["a" * 8, "a" * 7, "a" * 6]
