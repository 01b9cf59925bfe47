"""Tuning: the settings of retrieval, reranking and refusing that suit the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from rag_core.query.glossary import NO_GLOSSARY, Glossary
from rag_core.retrieval.calibration import (
    STARTER,
    Calibration,
    read_calibration,
    select_calibration,
)
from rag_core.retrieval.fusion import REACH, FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.settings import RagSettings, name_model
from rag_core.types import IndexSpec, hash_content

RERANK_BUDGET_MS = 10_000
"""Ten passages take 3 s in bf16 on two cores, and 12 s in float32, which skips the last ones."""


class _CalibrationSettings(TypedDict):
    reranker: str
    fitted: Calibration | None


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


def choose_tuning(settings: RagSettings) -> Tuning:
    """Choose the tuning that suits the models of the settings."""
    budget = settings.rerank_budget_ms
    calibrated = _load_calibration(settings)
    glossary = Glossary.read(settings.glossary) if settings.glossary else NO_GLOSSARY
    english = settings.profile == "starter" and not settings.embedding_url
    if settings.profile == "starter" and not settings.rerank_url:
        # Late interaction over the embedder's own tokens does not improve the order, and its score
        # of the first passage tells whether there is an answer (docs/quality.md).
        ranker = RerankConfig(depth=1, weight=0.0, budget_ms=budget or 0)
        return Tuning(FusionConfig(), ranker, latin_only=english, glossary=glossary, **calibrated)
    budget = RERANK_BUDGET_MS if budget is None else budget
    ranker = RerankConfig(depth=10, weight=1.0, budget_ms=budget)
    fusion = FusionConfig(reach=REACH)
    return Tuning(fusion, ranker, latin_only=english, glossary=glossary, **calibrated)


def _load_calibration(settings: RagSettings) -> _CalibrationSettings:
    """Return the reranker's name and the fitted calibration.

    Return neither if abstention is off.
    """
    if settings.abstention == "off":
        return _CalibrationSettings(reranker="", fitted=None)
    starter = settings.profile == "starter"
    revision = None if settings.rerank_url else settings.reranker_revision
    name = name_model(settings.reranker_model, revision)
    if starter and not settings.rerank_url:
        name = STARTER.reranker
    tasks = [settings.query_instruction or "", settings.rerank_instruction or ""]
    if any(tasks) and (not starter or settings.embedding_url or settings.rerank_url):
        # Another task gives other scores, which the calibration of the first does not fit.
        name = f"{name}, instructed {hash_content(*tasks)[:8]}"
    return _CalibrationSettings(reranker=name, fitted=read_calibration(settings.calibration_path))
