from __future__ import annotations

import os

import pytest
import torch

from rag_core.errors import (
    IndexMissingError,
    ModelError,
    ModelUnavailableError,
    SettingsError,
    StoreUnavailableError,
)
from rag_core.factory import (
    Models,
    open_generator,
    open_models,
    open_pipeline,
    open_store,
)
from rag_core.inference.lanes import Lane
from rag_core.models.reranker import INSTRUCTION
from rag_core.retrieval.calibration import STARTER
from rag_core.settings import DEFAULT_LLM, RagSettings
from rag_core.tuning import Tuning, choose_tuning
from rag_core.types import SCHEMA_VERSION, IndexSpec, Question
from tests.rag_core.checkpoints import make_embedder, make_reranker
from tests.rag_core.fakes import MemoryStore, make_chunk
from tests.servers.inference import InferenceServer


@pytest.fixture
def starter(tmp_path) -> RagSettings:
    return RagSettings.load(profile="starter", milvus_uri=str(tmp_path / "milvus.db"))


def test_the_starter_profile(starter):
    models = open_models(starter)
    try:
        models.warm_up()
        lane = models.inference.questions
        assert isinstance(lane, Lane)
        assert (lane.model, lane.dimension) == ("all-MiniLM-L6-v2", 384)
        assert isinstance(models.tuning, Tuning)
        # Late interaction tells whether there is an answer, and does not change the order.
        assert (models.tuning.ranker.depth, models.tuning.ranker.weight) == (1, 0.0)
    finally:
        models.close()


def test_the_default_profile_is_named_by_the_settings_and_not_loaded_yet():
    models = open_models(RagSettings.load(embedding_model="org/embedder"))
    try:
        assert models.inference.questions.model == "org/embedder"
        assert models.tuning.ranker.weight == 1  # a cross-encoder decides alone
    finally:
        models.close()


def test_a_pinned_revision_is_part_of_the_models_names():
    pinned = RagSettings.load(embedding_revision="a" * 40, reranker_revision="v2")
    models = open_models(pinned)
    try:
        assert models.inference.questions.model == f"Qwen/Qwen3-Embedding-0.6B@{'a' * 40}"
    finally:
        models.close()
    assert choose_tuning(pinned).reranker == "Qwen/Qwen3-Reranker-0.6B@v2"
    assert choose_tuning(RagSettings.load()).reranker == "Qwen/Qwen3-Reranker-0.6B"
    assert choose_tuning(RagSettings.load(profile="starter", reranker_revision="v2")).reranker == (
        STARTER.reranker
    )


@pytest.mark.parametrize("revision", ["../x", "-x", "a b", "a/../b", "x" * 101])
def test_a_revision_is_a_name(revision):
    with pytest.raises(SettingsError, match="DOCENT_EMBEDDING_REVISION is not valid"):
        RagSettings.load(embedding_revision=revision)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> dict[str, str]:
    return {
        "embedding_model": str(make_embedder(tmp_path_factory.mktemp("embedder"))),
        "reranker_model": str(make_reranker(tmp_path_factory.mktemp("reranker"))),
        "device": "cpu",
    }


def scores_of(tiny, **settings) -> list[float]:
    models = open_models(RagSettings.load(**tiny, **settings))
    try:
        return models.inference.questions.rerank("How?", ["a b c", "d e f"]).tolist()
    finally:
        models.close()


def test_number_type_and_instruction_reach_the_reranker(tiny):
    exact = scores_of(tiny, dtype="float32")
    assert scores_of(tiny, dtype="float32", rerank_instruction=INSTRUCTION) == exact
    assert scores_of(tiny, dtype="bfloat16") != exact
    assert scores_of(tiny, dtype="float32", rerank_instruction="Find code") != exact


def test_number_type_reaches_the_embedder(tiny):
    vectors = []
    for dtype in ("float32", "bfloat16"):
        models = open_models(RagSettings.load(**tiny, dtype=dtype))
        vectors.append(models.inference.questions.embed_query("How?"))
        models.close()
    assert 0 < abs(vectors[0] - vectors[1]).max() < 0.1


def test_threads(tiny):
    before = torch.get_num_threads()
    models = open_models(RagSettings.load(threads=1, **tiny))
    try:
        models.warm_up()
        # Each thread has its own number: the worker's counts.
        assert models.inference.questions._run(None, torch.get_num_threads) == 1
    finally:
        models.close()
        torch.set_num_threads(before)


def test_threads_of_the_starter(monkeypatch):
    chosen = []
    monkeypatch.setattr(
        "rag_core.models.minilm.MiniLM.__init__", lambda _, threads: chosen.append(threads)
    )
    open_models(RagSettings.load(profile="starter", threads=1)).close()
    assert chosen == [1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "10000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, None),
    ],
)
def test_how_long_threads_wait_can_be_said_from_outside(starter, monkeypatch, given, expected):
    outside = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}
    known = {name: value for name, value in os.environ.items() if name not in outside}
    monkeypatch.setattr(os, "environ", known | given)
    open_models(starter).close()
    assert os.environ.get("GOMP_SPINCOUNT") == expected


def test_what_was_fitted_under_another_instruction_does_not_fit():
    def reranker(profile: str = "qwen3", **settings: str) -> str:
        return choose_tuning(RagSettings.load(profile=profile, **settings)).reranker

    plain = reranker()
    instructed = reranker(query_instruction="Find the command")
    assert plain == RagSettings.load().reranker_model
    assert len({plain, instructed, reranker(rerank_instruction="Find the command")}) == 3
    assert reranker(query_instruction="Find the command") == instructed
    # The starter's models take no instruction.
    assert reranker("starter", query_instruction="Find the command") == STARTER.reranker


def test_a_device_that_is_not_here_is_said_before_any_weights_are_looked_for():
    with pytest.raises(ModelError, match="no device 'cuda:99'"):
        open_models(RagSettings.load(embedding_model="org/none", device="cuda:99"))


@pytest.fixture
def servers():
    with InferenceServer("vllm") as server:
        yield {"embedding_url": server.url, "rerank_url": server.url}


def open_and_close(**settings) -> Models:
    models = open_models(RagSettings.load(**settings))
    models.close()
    return models


@pytest.mark.parametrize("profile", ["qwen3", "starter"])
def test_servers_take_the_place_of_the_profiles_models(servers, profile):
    models = open_models(RagSettings.load(profile=profile, embedding_dim=8, **servers))
    try:
        models.warm_up()
        lane = models.inference.questions
        assert (lane.model, lane.dimension) == ("Qwen/Qwen3-Embedding-0.6B", 8)
        assert lane.rerank("one", ["one", "two"]).tolist() == [1, 0]
        assert models.tuning.ranker.weight == 1
    finally:
        models.close()


def test_a_rerank_server_beside_the_starters_embedder(servers):
    models = open_and_close(profile="starter", rerank_url=servers["rerank_url"])
    assert models.inference.questions.model == "all-MiniLM-L6-v2"
    assert models.tuning.ranker.weight == 1


def test_an_embedding_server_beside_the_starters_reranker(servers):
    models = open_and_close(profile="starter", embedding_url=servers["embedding_url"])
    assert models.inference.questions.model == "Qwen/Qwen3-Embedding-0.6B"
    assert models.tuning.ranker.weight < 1


@pytest.mark.parametrize("variable", ["embedding_url", "rerank_url"])
def test_an_address_that_makes_no_sense_is_said(servers, variable):
    with pytest.raises(SettingsError, match=f"DOCENT_{variable.upper()} is not an address"):
        open_models(RagSettings.load(**(servers | {variable: "localhost:8000"})))


def test_weights_that_cannot_be_fetched_are_said_in_one_sentence():
    models = open_models(RagSettings.load(embedding_model="org/no-such-embedder"))
    try:
        with pytest.raises(ModelUnavailableError, match=r"org/no-such-embedder[^\n]*starter"):
            models.warm_up()
    finally:
        models.close()


def test_closed_models_end_their_worker(starter):
    models = open_models(starter)
    models.close()
    assert not models.inference._thread.is_alive()


def test_an_index_that_is_not_there_is_not_made_by_a_question(starter):
    with pytest.raises(
        IndexMissingError, match=r"no index at .*milvus\.db yet: run `docent index`"
    ):
        open_store(starter)
    assert not starter.milvus_path.exists()


def test_a_store_is_created_to_index_into(starter):
    store = open_store(starter, create=True)
    try:
        assert store.read_live_index() is None
    finally:
        store.close()
    assert starter.milvus_path.is_dir()
    open_store(starter).close()


def test_a_wrong_path_is_said_when_it_is_created(tmp_path):
    with pytest.raises(SettingsError):
        open_store(RagSettings.load(milvus_uri=str(tmp_path / "milvus")), create=True)


@pytest.mark.parametrize("create", [True, False])
def test_a_server_is_asked_and_not_looked_for_on_disk(create):
    with pytest.raises(StoreUnavailableError):
        open_store(RagSettings.load(milvus_uri="http://127.0.0.1:1"), create=create)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"openai_api_key": "sk-1"}, DEFAULT_LLM),
        ({"openai_base_url": "http://127.0.0.1:1/v1"}, DEFAULT_LLM),
        ({"openai_api_key": "sk-1", "llm_model": "local"}, "local"),
    ],
)
def test_an_llm_is_used_where_a_key_or_a_server_is_set(given, expected):
    generator = open_generator(RagSettings.load(**given))
    assert (generator and generator.model) == expected


def test_the_parts_answer_a_question_together(starter, openai_server, tmp_path):
    glossary, instructions = tmp_path / "words.txt", tmp_path / "team.md"
    glossary.write_text("our stuff = vectors, object storage")
    instructions.write_text("Call the product Aurora.")
    chunks = [
        make_chunk("Logs go to a message broker.", title="Logs"),
        make_chunk("Vectors are kept in object storage.", title="Data", position=1),
    ]
    settings = starter.model_copy(
        update={
            "glossary": glossary,
            "instructions": str(instructions),
            "openai_base_url": openai_server.base_url,
            "openai_api_key": RagSettings.load(openai_api_key=openai_server.api_key).openai_api_key,
        }
    )
    models = open_models(settings)
    store = open_store(settings, create=True)
    try:
        lane = models.inference.indexing
        store.create(
            "docent__v1", IndexSpec(lane.model, lane.dimension, "chunker", SCHEMA_VERSION, "r1")
        )
        store.insert("docent__v1", chunks, lane.embed_passages([c.embedding_text for c in chunks]))
        store.seal("docent__v1")
        store.switch("docent__v1")
        answer = open_pipeline(settings, models, store).answer(Question("Where is our stuff?"))
    finally:
        models.close()
        store.close()
    assert answer.text == "All is well [1]."
    assert [citation.passage.chunk for citation in answer.citations] == [chunks[1]]
    assert answer.degraded == ()
    # Only the first passage is scored, for the doubt whether there is an answer.
    assert [each.rerank_score is None for each in answer.passages] == [False, True]
    assert answer.query == "Where is our stuff? vectors object storage"
    system = openai_server.requests[-1].messages[0]["content"]
    assert "\nCall the product Aurora.\n" in system
    assert "\nour stuff = vectors, object storage\n" in system


def test_the_glossary_is_compiled_with_the_models(starter, tmp_path, monkeypatch):
    path = tmp_path / "words.txt"
    path.write_text("our stuff = vectors")
    models = open_models(starter.model_copy(update={"glossary": path}))
    try:
        models.warm_up()
    finally:
        models.close()
    monkeypatch.setattr("rag_core.query.glossary._compile_terms", pytest.fail)
    assert models.tuning.glossary.translate("our stuff?") == "vectors?"


def test_a_glossary_or_instructions_that_are_not_there_are_said(starter, tmp_path):
    with pytest.raises(SettingsError, match=r"DOCENT_GLOSSARY names the file .*words\.txt"):
        open_models(starter.model_copy(update={"glossary": tmp_path / "words.txt"}))
    settings = starter.model_copy(update={"instructions": "./team.md"})
    models = open_models(starter)
    try:
        with pytest.raises(SettingsError, match=r"DOCENT_INSTRUCTIONS names the file \./team\.md"):
            open_pipeline(settings, models, MemoryStore())
    finally:
        models.close()
