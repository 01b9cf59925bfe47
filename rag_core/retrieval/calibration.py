"""The calibration of an index: when to refuse, and when a passage supports a sentence.

It is kept as JSON beside the index, so that it survives a re-index and travels with a copy. It is
ignored if the models or the chunking have changed.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from rag_core.retrieval.abstention import ENOUGH_CHUNKS, Abstention, Signals
from rag_core.retrieval.fitted import (
    STARTER_BIAS,
    STARTER_SUPPORT,
    STARTER_SURE,
    STARTER_THRESHOLD,
    STARTER_WEIGHTS,
)
from rag_core.retrieval.fusion import FusionConfig
from rag_core.types import IndexSpec, hash_content

logger = logging.getLogger(__name__)

Verdict = Literal["answerable", "unsure", "refused"]
"""The judgement of a question: has the documentation an answer to it?"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds that were measured with one embedder and one reranker.

    Attributes:
        model: name of the embedder.
        reranker: name of the reranker.
        chunker: fingerprint of the chunking; empty matches any.
        abstention: decides when to refuse; with None, docent never refuses.
        support: cosine below which a passage does not support a sentence; with None, every
            citation stays.
        dimension: length of the vectors; 0 matches any.
        seen: `hash_question` of each question it was fitted to; None if they are not recorded.
        fusion: weights and bias of the fusion; None keeps docent's own.
    """

    model: str
    reranker: str
    chunker: str = ""
    abstention: Abstention | None = None
    support: float | None = None
    dimension: int = 0
    seen: tuple[str, ...] | None = None
    fusion: tuple[float, float, float, float] | None = None

    def apply_to(self, fusion: FusionConfig) -> FusionConfig:
        """Return the fusion with the fitted weights, if there are any."""
        if self.fusion is None:
            return fusion
        page, nearest, words, bias = self.fusion
        return replace(fusion, weights=(page, nearest, words), bias=bias)

    def judge(self, signals: Signals | None) -> Verdict:
        """Judge whether a question has an answer.

        Without signals or a fit it may have one.
        """
        if self.abstention is None or signals is None:
            return "answerable"
        if self.abstention.should_refuse(signals):
            return "refused"
        return "unsure" if self.abstention.is_unsure(signals) else "answerable"

    def is_valid_for(self, spec: IndexSpec, reranker: str) -> bool:
        """Return True if index and reranker are those it was measured with."""
        same_models = (self.model, self.reranker) == (spec.model, reranker)
        same_vectors = self.dimension in {0, spec.dimension}
        return same_models and same_vectors and self.chunker in {"", spec.chunker}


STARTER = Calibration(
    model="all-MiniLM-L6-v2",
    reranker="all-MiniLM-L6-v2",
    abstention=Abstention(
        weights=STARTER_WEIGHTS,
        bias=STARTER_BIAS,
        threshold=STARTER_THRESHOLD,
        sure=STARTER_SURE,
        fewest=ENOUGH_CHUNKS,
    ),
    support=STARTER_SUPPORT,
)
"""For the starter profile. Questions to small indexes are never refused. Qwen3 has no entry: it
could not be measured."""

DEFAULTS = (STARTER,)


def hash_question(question: str) -> str:
    """Return a short hash that identifies a question of a fit."""
    return hash_content(question)[:12]


def read_calibration(path: Path) -> Calibration | None:
    """Read a fitted calibration; return None if there is no readable file."""
    try:
        shape = json.loads(path.read_text())
        fitted = shape.pop("abstention")
        abstention = (
            Abstention(**fitted | {"weights": tuple(fitted["weights"])}) if fitted else None
        )
        hashes = shape.pop("seen", None)
        seen = None if hashes is None else tuple(map(str, hashes))
        weights = shape.pop("fusion", None)
        fusion = None if weights is None else _parse_fusion(weights)
        return Calibration(**shape, abstention=abstention, seen=seen, fusion=fusion)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        logger.warning("%s can't be read and is ignored", path)
        return None


def _parse_fusion(weights: Any) -> tuple[float, float, float, float]:
    page, nearest, words, bias = map(float, weights)
    return page, nearest, words, bias


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration in one step, so no reader sees half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape: dict[str, Any] = asdict(calibration)
    new_path = path.with_suffix(".new")
    new_path.write_text(json.dumps(shape, indent=2) + "\n")
    new_path.replace(path)


@lru_cache(maxsize=16)  # called for every question; the cache logs the warning once a version
def select_calibration(
    spec: IndexSpec, reranker: str, fitted: Calibration | None
) -> Calibration | None:
    """Choose the calibration that is valid for an index and a reranker.

    Args:
        spec: how the index was built.
        reranker: name of the reranker.
        fitted: what `docent eval --fit` found; None if nothing was fitted.

    Returns:
        `fitted` if it is valid, else docent's own calibration for the models, else None.
    """
    if fitted and not fitted.is_valid_for(spec, reranker):
        logger.warning(
            "The calibration of `docent eval --fit` is for other models, chunks or instructions "
            "and is ignored: fit again."
        )
    choices = (fitted, *DEFAULTS) if fitted else DEFAULTS
    return next((each for each in choices if each.is_valid_for(spec, reranker)), None)
