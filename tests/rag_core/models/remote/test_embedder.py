"""The contract with vLLM, TEI and Infinity: each test runs against all that it concerns."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import ModelError, ModelUnavailableError
from rag_core.models.remote import embedder as remote_module
from rag_core.models.remote.embedder import QUERY_INSTRUCTION, RemoteEmbedder
from rag_core.models.remote.http_client import ModelServer
from rag_core.models.remote.reranker import RemoteReranker
from rag_core.models.remote.server_address import EMBEDDING, RERANK, Address
from tests.servers.inference import EMBEDDER, RERANKER, InferenceServer
from tests.servers.inference_dialects import Limits

KINDS = ["vllm", "tei", "infinity"]
TEXTS = ["Logs go to a broker.", "Vectors are kept in storage.", "The logo is green."]
QUERY = "Which vectors are lost?"


@pytest.fixture(params=KINDS)
def server(request):
    """Each of the three; what it did not understand fails the test."""
    with InferenceServer(request.param) as running:
        yield running
    assert running.violations == []


@pytest.fixture
def vllm():
    with InferenceServer("vllm") as running:
        yield running


@pytest.fixture
def tei():
    with InferenceServer("tei") as running:
        yield running


def embedder(server, model=EMBEDDER, **options) -> RemoteEmbedder:
    address = Address.of(server.embedding_url, "/v1/embeddings", EMBEDDING, None)
    return RemoteEmbedder([ModelServer(address, sleep=lambda _: None)], model, **options)


def reranker(server, model=RERANKER) -> RemoteReranker:
    address = Address.of(server.rerank_url, "/rerank", RERANK, None)
    return RemoteReranker(ModelServer(address, sleep=lambda _: None), model)


def constants(module: Path) -> dict[str, str]:
    """The texts that a module gives names to."""
    return {
        node.targets[0].id: node.value.value
        for node in ast.parse(module.read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }


def unit(vector) -> np.ndarray:
    return np.asarray(vector) / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def shared_embedder():
    with InferenceServer("infinity") as running:
        yield embedder(running)


class TestEmbedding:
    def test_rows_belong_to_their_texts_and_have_length_1(self, server):
        vectors = embedder(server).embed_passages(TEXTS)
        assert vectors.dtype == np.float32
        expected = np.stack([unit(server.vector(text)) for text in TEXTS])
        np.testing.assert_allclose(vectors, expected, atol=1e-6)

    def test_passages_go_in_bare_and_questions_with_their_instruction(self, server):
        remote = embedder(server)
        remote.embed_passages(TEXTS)
        vector = remote.embed_query(QUERY)
        asked = f"Instruct: {QUERY_INSTRUCTION}\nQuery:{QUERY}"
        assert [request.texts for request in server.requests] == [TEXTS, [asked]]
        np.testing.assert_allclose(vector, unit(server.vector(asked)), atol=1e-6)

    def test_several_questions_are_one_request(self, server):
        remote = embedder(server)
        together = remote.embed_queries([QUERY, "What colour?"])
        assert len(server.requests) == 1
        np.testing.assert_array_equal(together[0], remote.embed_query(QUERY))

    def test_the_dimension_is_learnt_by_one_call(self, server):
        remote = embedder(server)
        remote.warm_up()
        assert (remote.dimension, remote.model, remote.max_tokens) == (32, EMBEDDER, 8192)
        assert len(server.requests) == 1

    def test_the_dimension_is_asked_for_when_nothing_was_embedded_yet(self, server):
        remote = embedder(server)
        assert remote.dimension == 32
        assert remote.dimension == 32
        assert len(server.requests) == 1

    def test_a_dimension_that_is_set_is_known_without_asking(self, server):
        assert embedder(server, dimension=8).dimension == 8
        assert server.requests == []

    def test_vectors_are_cut_and_then_normalised(self, server):
        vectors = embedder(server, dimension=8).embed_passages(TEXTS)
        expected = np.stack([unit(server.vector(text)[:8]) for text in TEXTS])
        np.testing.assert_allclose(vectors, expected, atol=1e-6)

    def test_nothing_to_embed(self, server):
        assert embedder(server).embed_passages([]).shape == (0, 32)

    def test_many_texts_keep_their_order_over_batches(self, server):
        texts = [f"text number {n}" for n in range(70)]
        vectors = embedder(server).embed_passages(texts)
        expected = np.stack([unit(server.vector(text)) for text in texts])
        np.testing.assert_allclose(vectors, expected, atol=1e-6)
        assert [len(request.texts) for request in server.requests] == [32, 32, 6]

    def test_long_texts_make_small_batches(self, vllm):
        vllm.dialect.limits = Limits(texts=99, tokens=10**6)
        embedder(vllm, max_tokens=10**6).embed_passages(["x " * 20_000, "y " * 10_000, "z"])
        assert [len(request.texts) for request in vllm.requests] == [2, 1]

    @pytest.mark.parametrize("status", [413, 422])
    def test_a_batch_that_is_too_large_is_sent_in_halves(self, server, status):
        server.fail(status)
        texts = [f"text {n}" for n in range(5)]
        vectors = embedder(server).embed_passages(texts)
        expected = np.stack([unit(server.vector(text)) for text in texts])
        np.testing.assert_allclose(vectors, expected, atol=1e-6)
        assert [len(request.texts) for request in server.requests] == [5, 2, 3]

    def test_teis_own_limit_is_found(self, tei):
        tei.dialect.limits = Limits(texts=8)
        assert embedder(tei).embed_passages(["a b"] * 32).shape == (32, 32)
        assert [len(request.texts) for request in tei.requests] == [32, 16, 8, 8, 16, 8, 8]

    def test_a_long_text_is_cut_here_and_counted(self, server):
        remote = embedder(server, max_tokens=100)
        remote.embed_passages(["word " * 500, "short"])
        assert remote.truncated == 1
        [request] = server.requests
        assert [len(text.split()) for text in request.texts] == [100, 1]

    @given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
    def test_any_text_can_be_embedded(self, shared_embedder, texts):
        assert shared_embedder.embed_passages(texts).shape == (len(texts), 32)

    def test_tokens_are_estimated(self, server):
        counts = embedder(server).count_tokens(["one two", "", "x" * 1000])
        assert counts[:2] == [2, 0]
        assert counts[2] >= 300
        assert server.requests == []


class TestInstruction:
    @pytest.mark.parametrize(
        ("model", "instruction", "prefix"),
        [
            (EMBEDDER, None, f"Instruct: {QUERY_INSTRUCTION}\nQuery:"),
            ("/models/qwen3-embedding-8b", None, f"Instruct: {QUERY_INSTRUCTION}\nQuery:"),
            (EMBEDDER, "Find {code}", "Instruct: Find {code}\nQuery:"),
            ("BAAI/bge-m3", None, ""),
            ("intfloat/e5-base", "query: ", "query: "),
        ],
    )
    def test_it_is_put_in_front_of_the_question(self, vllm, model, instruction, prefix):
        vllm.models.add(model)
        embedder(vllm, model, instruction=instruction).embed_query("{what}?")
        assert vllm.requests[0].texts == [prefix + "{what}?"]

    def test_it_is_the_same_as_for_own_weights(self):
        """Read and not imported, because that would load torch."""
        local = constants(Path(remote_module.__file__).parents[1] / "embedder.py")
        assert local["QUERY_INSTRUCTION"] == QUERY_INSTRUCTION
        assert local["QUERY_TEMPLATE"] == remote_module.QUERY_PREFIX + "{question}"


class TestEmbeddingFaults:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda rows: rows[0].update(embedding=[None] * 32), id="null"),
            pytest.param(lambda rows: rows[0].update(embedding=[math.nan] * 32), id="nan"),
            pytest.param(lambda rows: rows[0].update(embedding=[math.inf] * 32), id="inf"),
            pytest.param(lambda rows: rows[0].update(embedding=[0.0] * 32), id="zero"),
            pytest.param(lambda rows: rows[0].update(embedding=[1e300] * 32), id="overflow"),
        ],
    )
    def test_vectors_without_a_direction(self, server, change):
        server.spoil(lambda body: change(body["data"]) or body)
        with pytest.raises(ModelError, match=r"vectors without a direction .*float32"):
            embedder(server).embed_passages(TEXTS)

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda body: body["data"].pop() and body, id="one is missing"),
            pytest.param(lambda body: body["data"][0].update(index=1) or body, id="one twice"),
            pytest.param(lambda body: body["data"][0].update(index="0") or body, id="index"),
            pytest.param(lambda body: body["data"][0].update(embedding=[1.0]) or body, id="ragged"),
            pytest.param(lambda body: body["data"][0].update(embedding="AAA=") or body, id="text"),
            pytest.param(
                lambda body: [r.update(embedding=[]) for r in body["data"]] and body, id="empty"
            ),
            pytest.param(
                lambda body: body["data"][0].update(embedding=[10**400] * 32) or body, id="huge"
            ),
            pytest.param(lambda body: body["data"], id="a list"),
            pytest.param(lambda _: {}, id="nothing"),
            pytest.param(lambda _: "<html>", id="no json"),
        ],
    )
    def test_answers_of_another_form(self, server, change):
        server.spoil(change)
        with pytest.raises(ModelError, match=r"DOCENT_EMBEDDING_URL.*OpenAI's form"):
            embedder(server).embed_passages(TEXTS)

    def test_a_name_of_the_model_that_is_no_text(self, server):
        server.spoil(lambda body: body | {"model": {"id": 1}})
        assert embedder(server).embed_passages(TEXTS).shape == (len(TEXTS), 32)

    def test_fewer_numbers_than_set(self, server):
        with pytest.raises(ModelError, match="32 numbers and DOCENT_EMBEDDING_DIM is 64"):
            embedder(server, dimension=64).warm_up()

    def test_a_model_that_changed_under_way(self, server):
        remote = embedder(server)
        remote.warm_up()
        server.dimension = 16
        with pytest.raises(ModelError, match="vectors of 16 numbers after some of 32"):
            remote.embed_query(QUERY)

    @pytest.mark.parametrize("kind", ["vllm", "infinity"])
    def test_a_model_that_is_not_there(self, kind):
        wanted = r"DOCENT_EMBEDDING_MODEL; it said: .*org/unknown"
        with InferenceServer(kind) as server, pytest.raises(ModelError, match=wanted):
            embedder(server, "org/unknown").warm_up()

    def test_another_model_than_asked_for_is_logged(self, tei, caplog):
        embedder(tei).warm_up()
        [record] = caplog.records
        assert "serves served/by-tei" in record.message
        assert "docent index" in record.message

    def test_the_right_model_is_not(self, vllm, caplog):
        embedder(vllm).warm_up()
        assert caplog.records == []

    @pytest.mark.parametrize("kind", ["vllm", "tei"])
    def test_a_text_longer_than_the_model_reads_names_the_setting(self, kind):
        with InferenceServer(kind) as server:
            with pytest.raises(ModelError, match=r"too long .*DOCENT_EMBEDDING_MAX_TOKENS.*512"):
                embedder(server).embed_passages(["short", "word " * 600])
            assert embedder(server, max_tokens=512).embed_passages(["word " * 600]).shape == (1, 32)

    def test_a_server_that_is_down_for_long(self, server):
        server.fail(503, times=3)
        with pytest.raises(ModelUnavailableError):
            embedder(server).embed_query(QUERY)

    def test_a_rate_limit_is_sat_out_by_indexing(self, server):
        server.fail(429, times=2, retry_after="15")
        assert embedder(server).embed_passages(TEXTS).shape == (3, 32)
