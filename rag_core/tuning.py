"""Tuning: the settings of retrieval, reranking and refusing that suit the models."""

from __future__ import annotations

from dataclasses import dataclass

from rag_core.query.glossary import NO_GLOSSARY, Glossary
from rag_core.retrieval.calibration import Calibration, select_calibration
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.types import IndexSpec


@dataclass(frozen=True, slots=True)
class Tuning:
    """The settings of retrieval, reranking and refusing.

    Attributes:
        fusion: depth of the searches and weights of their scores.
        ranker: depth of the reranking, weight of its score and time budget.
        passages: how many reach the LLM.
        latin_only: True if the embedder can read no other script.
        reranker: name of the reranker, which chooses the calibration; with an empty name, no
            question is refused and no citation is judged.
        fitted: what `docent eval --fit` found; None uses docent's own numbers for the models.
        glossary: the team's own words, whose meanings are searched for as well.
    """

    fusion: FusionConfig
    ranker: RerankConfig
    passages: int = 5
    latin_only: bool = False
    reranker: str = ""
    fitted: Calibration | None = None
    glossary: Glossary = NO_GLOSSARY

    def choose_fusion(self, spec: IndexSpec) -> FusionConfig:
        """Return the fusion, with weights fitted to the index if there are."""
        calibration = self.find_calibration(spec)
        return calibration.apply_to(self.fusion) if calibration else self.fusion

    def find_calibration(self, spec: IndexSpec) -> Calibration | None:
        """Return the calibration that is valid for an index, or None."""
        return select_calibration(spec, self.reranker, self.fitted) if self.reranker else None
