"""What was fitted to an index: when to refuse, and when a sentence counts as supported.

It lies as JSON beside the index, so that it survives a re-index and travels with a copy, and is
left out of account where the models or the chunking are others.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag_core.retrieval.abstention import ENOUGH_CHUNKS, Abstention
from rag_core.types import IndexSpec, hash_content

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Decisions that were measured with two models.

    Attributes:
        model: of the embedder.
        reranker: name of the reranker.
        chunker: fingerprint of the chunking; empty fits any.
        abstention: when to refuse; None never does.
        support: cosine below which a passage does not support a sentence; None keeps all.
        dimension: length of the vectors; 0 fits any.
        seen: `seen_hash` of each question it was fitted to; None where they are not known.
    """

    model: str
    reranker: str
    chunker: str = ""
    abstention: Abstention | None = None
    support: float | None = None
    dimension: int = 0
    seen: tuple[str, ...] | None = None

    def is_valid_for(self, spec: IndexSpec, reranker: str) -> bool:
        """Whether it was measured with an index and a reranker like these."""
        same_models = (self.model, self.reranker) == (spec.model, reranker)
        same_vectors = self.dimension in {0, spec.dimension}
        return same_models and same_vectors and self.chunker in {"", spec.chunker}


STARTER = Calibration(
    model="all-MiniLM-L6-v2",
    reranker="all-MiniLM-L6-v2",
    abstention=Abstention(
        weights=(5.6351, 10.8662, 3.1731, -18.2936),
        bias=-9.7507,
        threshold=0.0673,
        fewest=ENOUGH_CHUNKS,
    ),
    support=0.27,
)
"""For the starter profile: `python -m benchmarks.abstention` and `python -m benchmarks.support`
print these numbers. The threshold is half of the fitted one, since other documentation than the one
fitted to is asked too, and small indexes are never refused. No weights of Qwen3 could be measured,
so it has none of its own."""

DEFAULTS = (STARTER,)


def hash_question(question: str) -> str:
    """What is kept of a question that was fitted to: enough to know it again."""
    return hash_content(question)[:12]


def read_calibration(path: Path) -> Calibration | None:
    """What `docent eval --fit` has written; None where there is nothing that can be read."""
    try:
        shape = json.loads(path.read_text())
        fitted = shape.pop("abstention")
        abstention = (
            Abstention(**fitted | {"weights": tuple(fitted["weights"])}) if fitted else None
        )
        seen = shape.pop("seen", None)
        known = None if seen is None else tuple(map(str, seen))
        return Calibration(**shape, abstention=abstention, seen=known)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        logger.warning("%s can't be read and is left out of account", path)
        return None


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write it in one step, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape: dict[str, Any] = asdict(calibration)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(shape, indent=2) + "\n")
    beside.replace(path)


@lru_cache(maxsize=16)  # asked for with every question, and said once for a version
def select_calibration(
    spec: IndexSpec, reranker: str, fitted: Calibration | None
) -> Calibration | None:
    """What was fitted, where it fits; else docent's own numbers for the models, if any."""
    if fitted and not fitted.is_valid_for(spec, reranker):
        logger.warning(
            "What `docent eval --fit` found was for other models, chunks or instructions and is "
            "left out of account: fit again."
        )
    offered = (fitted, *DEFAULTS) if fitted else DEFAULTS
    return next((one for one in offered if one.is_valid_for(spec, reranker)), None)
