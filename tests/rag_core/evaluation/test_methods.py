"""Each method finds by what the bot would search for."""

from __future__ import annotations

import pytest

from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.methods import METHODS, EvaluationTarget, ask_question
from rag_core.query.glossary import NO_GLOSSARY, Glossary, GlossaryEntry
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.tuning import Tuning
from tests.rag_core.fakes import HashEmbedder, MemoryStore, ScriptedReranker, make_chunk, publish

CHUNKS = [
    make_chunk("Attu shows collections and users.", path="attu.md"),
    make_chunk("The page on where logs go.", path="logs.md"),
]
TEAM = Glossary((GlossaryEntry(("the console",), ("Attu", "collections", "users")),))


@pytest.mark.parametrize(("glossary", "page"), [(NO_GLOSSARY, "logs.md"), (TEAM, "attu.md")])
def test_a_glossary_counts_in_every_method(glossary, page):
    embedder, store, reranker = HashEmbedder(), MemoryStore(), ScriptedReranker()
    publish(store, embedder, CHUNKS)
    live = store.read_live_index()
    assert live is not None
    tuning = Tuning(FusionConfig(), RerankConfig(depth=2, weight=0.5), glossary=glossary)
    target = EvaluationTarget(store, live, embedder, reranker, tuning)
    outcome = ask_question(EvaluationQuestion("1", "Where is the page of the console?"), target)
    first = {name: chunks[0].path for name, chunks in outcome.chunks_by_method.items()}
    assert first == dict.fromkeys(METHODS, page)
