"""Known answers: checks that the models give the numbers that their authors published.

A wrong template, pooling or end token raises no error; it only makes every answer worse. These
checks find that, and say in plain words where to look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rag_core.protocols import Embedder, Reranker
from rag_core.types import Vectors

QUERIES = ("What is the capital of China?", "Explain gravity")
PASSAGES = (
    "The capital of China is Beijing.",
    (
        "Gravity is a force that attracts two bodies towards each other. It gives weight to "
        "physical objects and is responsible for the movement of planets around the sun."
    ),
)
"""The example of Qwen3-Embedding's model card."""

SIMILARITIES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    # Model card: https://huggingface.co/Qwen/Qwen3-Embedding-0.6B
    "Qwen/Qwen3-Embedding-0.6B": ((0.7646, 0.1414), (0.1355, 0.6000)),
    # Measured with sentence-transformers 6.2 on the package's weights, float32.
    "all-MiniLM-L6-v2": ((0.8655, 0.0578), (0.0773, 0.7332)),
}
"""Cosines of query i and passage j by model."""

TUTORIAL_QUESTION = "How is data stored in milvus?"
TUTORIAL_SCORES = {
    "Where does Milvus store data?": 0.99979,
    "How does Milvus flush data?": 0.99897,
    "Does the query perform in memory?": 0.99840,
}
"""Qwen3-Reranker-0.6B's scores of three sections of the Milvus FAQ, by how they begin.

Source: "Hands-on RAG with Qwen3 Embedding and Reranking Models using Milvus", milvus.io, 2025.
"""
TUTORIAL_RERANKER = "Qwen/Qwen3-Reranker-0.6B"

PAIRS = (
    ("How do I restart the server?", "To restart the server, run `systemctl restart app`.", True),
    ("How do I restart the server?", "Bananas ripen faster in a paper bag.", False),
    ("What is the capital of France?", "Paris is the capital and largest city of France.", True),
    ("What is the capital of France?", "A bicycle has two wheels and a chain.", False),
)
"""Question, passage, and whether the passage answers: a score of at least .9, or at most .1."""

TOLERANCE = {"float32": 0.005, "bfloat16": 0.02, "float16": 0.01}
"""Largest difference of a cosine, by number type."""

SCORE_TOLERANCE = {"float32": 0.001, "bfloat16": 0.005, "float16": 0.002}
"""Largest difference of a rerank score near 1, by number type."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: the part that was checked.
        passed: whether it is as it should be.
        says: the result as a sentence for a person, good or bad.
        is_set_up: False for a part that is optional, or not there yet, and was not checked.
    """

    name: str
    passed: bool
    says: str
    is_set_up: bool = True


def check_embedder(embedder: Embedder, *, dtype: str) -> list[CheckResult]:
    """Check an embedder against the cosines of its model card.

    Check only the order of the cosines if none are published.
    """
    queries = np.stack([embedder.embed_query(text) for text in QUERIES])
    passages = embedder.embed_passages(PASSAGES)
    cosines = queries @ passages.T
    checks = [
        _check_norms(np.concatenate([queries, passages])),
        _check_batches("embedding", passages, lambda text: embedder.embed_passages([text])[0]),
    ]
    if embedder.model.startswith("Qwen/"):
        checks.append(_check_instruction(queries, embedder.embed_passages(QUERIES)))
    published = SIMILARITIES.get(embedder.model.partition("@")[0])  # without its revision
    if published is None:
        return [*checks, _check_order(cosines)]
    return [*checks, _check_similarities(cosines, np.asarray(published), TOLERANCE[dtype])]


def check_reranker(reranker: Reranker) -> list[CheckResult]:
    """Check that plain pairs get plain scores, alone and in a batch."""
    scores: list[float] = []
    for question, passage, _ in PAIRS:
        scores.append(float(reranker.rerank(question, [passage])[0]))
    together = reranker.rerank(PAIRS[0][0], [passage for _, passage, _ in PAIRS[:2]])
    alone = np.asarray(scores[:2])
    is_steady = bool(np.abs(together - alone).max() <= 0.01)
    return [
        _check_pairs(scores),
        CheckResult(
            "reranker, alone and in a batch",
            is_steady,
            "a pair's score does not depend on its batch"
            if is_steady
            else "a pair's score depends on its batch: padding side or attention mask is wrong",
        ),
    ]


def check_tutorial(reranker: Reranker, sections: Sequence[str], *, dtype: str) -> CheckResult:
    """Check a reranker against the three scores that the tutorial prints.

    Args:
        reranker: the reranker to check.
        sections: sections of the Milvus FAQ, split at `# `.
        dtype: the number type of the model, which sets the tolerance.

    Returns:
        One result; it fails if a section is missing.
    """
    name = "reranker, the tutorial's scores"
    texts = []
    for beginning in TUTORIAL_SCORES:
        text = next((part for part in sections if part.strip().startswith(beginning)), None)
        if text is None:
            return CheckResult(name, passed=False, says=f"the corpus has no section {beginning!r}")
        texts.append(text)
    scores = reranker.rerank(TUTORIAL_QUESTION, texts)
    worst = float(np.abs(scores - np.asarray(list(TUTORIAL_SCORES.values()))).max())
    passed = worst <= SCORE_TOLERANCE[dtype]
    says = f"they differ by {worst:.5f} at most, {SCORE_TOLERANCE[dtype]} is allowed in {dtype}"
    return CheckResult(
        name, passed, says if passed else f"{says}: look at the template and the dtype"
    )


def _check_norms(vectors: Vectors) -> CheckResult:
    worst = float(np.abs(np.linalg.norm(vectors, axis=1) - 1).max())
    passed = worst <= 1e-3
    says = "every vector has length 1" if passed else "vectors are not normalised to length 1"
    return CheckResult("embedding, length", passed, says)


def _check_batches(name: str, together: Vectors, alone: Callable[[str], Vectors]) -> CheckResult:
    single = np.stack([alone(text) for text in PASSAGES])
    passed = bool((single * together).sum(1).min() >= 0.999)
    says = (
        "a text's vector does not depend on its batch"
        if passed
        else "a text's vector depends on its batch: padding side or attention mask is wrong"
    )
    return CheckResult(f"{name}, alone and in a batch", passed, says)


def _check_instruction(queries: Vectors, bare: Vectors) -> CheckResult:
    passed = bool((queries * bare).sum(1).max() < 0.9999)
    says = (
        "questions carry the instruction, passages do not"
        if passed
        else "a question is embedded like a passage: the query instruction is missing"
    )
    return CheckResult("embedding, instruction", passed, says)


def _check_order(cosines: Vectors) -> CheckResult:
    passed = bool(cosines[0, 0] > cosines[0, 1] and cosines[1, 1] > cosines[1, 0])
    says = (
        "each question is nearest to its own passage; no published numbers to compare with"
        if passed
        else "a question is nearer to the other's passage: pooling or end token is wrong"
    )
    return CheckResult("embedding, known answer", passed, says)


def _check_similarities(cosines: Vectors, published: Vectors, tolerance: float) -> CheckResult:
    worst = float(np.abs(cosines - published).max())
    says = f"the cosines differ by {worst:.4f} at most, {tolerance} is allowed"
    passed = worst <= tolerance
    return CheckResult(
        "embedding, known answer",
        passed,
        says if passed else _explain_differences(cosines, published, says),
    )


def _explain_differences(cosines: Vectors, published: Vectors, says: str) -> str:
    """Name the likely cause by the pattern of the differences."""
    off_diagonal = max(cosines[0, 1], cosines[1, 0])
    if off_diagonal > 0.6:
        return f"{says}: everything looks alike, so the pooling or the end token is wrong"
    if not _check_order(cosines).passed:
        return f"{says}: the order is wrong, so the weights are damaged or of another model"
    if np.abs(cosines - published).max() <= 0.05:
        return f"{says}: nearly right, so the number type (dtype) or a quantisation is to blame"
    return f"{says}: the query instruction, the end token or the pooling differs from the card"


def _check_pairs(scores: Sequence[float]) -> CheckResult:
    name = "reranker, plain pairs"
    listed = ", ".join(f"{score:.3f}" for score in scores)
    right = [score >= 0.9 if good else score <= 0.1 for score, (_, _, good) in _zip_pairs(scores)]
    if all(right):
        return CheckResult(name, passed=True, says=f"scores {listed}")
    swapped = [score <= 0.1 if good else score >= 0.9 for score, (_, _, good) in _zip_pairs(scores)]
    if all(swapped):
        return CheckResult(name, passed=False, says=f"scores {listed}: yes and no are swapped")
    if max(scores) - min(scores) < 0.2:
        reason = "all are alike, so the template or the position that is read is wrong"
    else:
        reason = "not all are plain, so the template, the end of the prompt or the dtype is wrong"
    return CheckResult(name, passed=False, says=f"scores {listed}: {reason}")


def _zip_pairs(scores: Sequence[float]) -> list[tuple[float, tuple[str, str, bool]]]:
    return list(zip(scores, PAIRS, strict=True))
