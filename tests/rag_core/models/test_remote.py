"""The contract with vLLM, TEI and Infinity: each test runs against all that it concerns."""

from __future__ import annotations

import ast
import math
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import ModelError, ModelUnavailableError, RerankerError
from rag_core.models import remote as remote_module
from rag_core.models.http_client import ModelServer
from rag_core.models.remote import QUERY_INSTRUCTION, RemoteEmbedder, RemoteReranker
from rag_core.models.server_address import EMBEDDING, RERANK, Address
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
    return RemoteEmbedder(ModelServer(address, sleep=lambda _: None), model, **options)


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
        local = constants(Path(remote_module.__file__).with_name("embedder.py"))
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
            pytest.param(lambda body: body["data"], id="a list"),
            pytest.param(lambda _: {}, id="nothing"),
            pytest.param(lambda _: "<html>", id="no json"),
        ],
    )
    def test_answers_of_another_form(self, server, change):
        server.spoil(change)
        with pytest.raises(ModelError, match=r"DOCENT_EMBEDDING_URL.*OpenAI's form"):
            embedder(server).embed_passages(TEXTS)

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


class TestReranking:
    def test_scores_are_in_the_order_of_the_passages(self, server):
        scores = reranker(server).rerank(QUERY, TEXTS)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, [0, 0.5, 0])
        np.testing.assert_allclose(scores, [server.score(QUERY, text) for text in TEXTS])

    def test_the_form_of_the_server_is_found_once(self, server):
        remote = reranker(server)
        remote.warm_up()
        before = len(server.requests)
        remote.rerank(QUERY, TEXTS)
        assert len(server.requests) == before + 1

    def test_tei_is_asked_to_cut_long_passages(self, tei):
        remote = reranker(tei)
        assert remote.rerank(QUERY, ["vectors " * 600]).shape == (1,)
        assert tei.requests[-1].arguments["truncate"] is True

    def test_nothing_to_rerank(self, server):
        assert reranker(server).rerank(QUERY, []).shape == (0,)
        assert server.requests == []

    def test_many_passages_keep_their_order_over_batches(self, server):
        texts = [f"vectors {'kept' if n % 3 else 'lost'} {n}" for n in range(70)]
        scores = reranker(server).rerank(QUERY, texts)
        np.testing.assert_allclose(scores, [server.score(QUERY, text) for text in texts])

    def test_a_batch_that_is_too_large_is_sent_in_halves(self, tei):
        tei.dialect.limits = Limits(texts=2)
        scores = reranker(tei).rerank(QUERY, TEXTS)
        np.testing.assert_allclose(scores, [0, 0.5, 0])

    def test_questions_are_reranked_at_once(self, server):
        remote = reranker(server)
        remote.warm_up()
        before = len(server.requests)
        gates = [server.hold() for _ in range(2)]
        results = []
        pairs = [(QUERY, TEXTS), ("What is green?", TEXTS[1:])]
        thread = threading.Thread(target=lambda: results.extend(remote.rerank_many(pairs)))
        thread.start()
        server.wait_for_requests(before + 2)  # both are under way
        for gate in gates:
            gate.open()
        thread.join()
        np.testing.assert_allclose(results[0], [0, 0.5, 0])
        np.testing.assert_allclose(
            results[1], [server.score(*("What is green?", t)) for t in TEXTS[1:]]
        )

    def test_questions_at_once_find_the_form_of_the_server_too(self, tei):
        scores = reranker(tei).rerank_many([(QUERY, TEXTS)] * 8)
        assert all(np.allclose(one, [0, 0.5, 0]) for one in scores)


class TestScores:
    def test_logits_get_a_sigmoid(self, server):
        server.scale = (20, -10)
        scores = reranker(server).rerank(QUERY, [QUERY, *TEXTS])
        np.testing.assert_allclose(scores, 1 / (1 + np.exp([-10, 10, 0, 10])), atol=1e-6)

    def test_a_server_of_logits_is_known_from_the_warm_up_on(self, server):
        server.scale = (20, -10)
        remote = reranker(server)
        remote.warm_up()
        # Alone, a logit of 0 looks like a probability.
        np.testing.assert_allclose(remote.rerank(QUERY, [TEXTS[1]]), [0.5])

    def test_a_late_probe_takes_no_logits_from_others(self, server):
        remote = reranker(server)
        gate = server.hold()  # the first request, of a probe that comes last
        late = threading.Thread(target=lambda: remote.rerank(QUERY, TEXTS))
        late.start()
        server.wait_for_requests(1)
        server.scale = (20, -10)
        np.testing.assert_allclose(remote.rerank(QUERY, [TEXTS[1]]), [0.5])
        server.scale = (1, 0)
        gate.open()
        late.join()
        np.testing.assert_allclose(
            remote.rerank(QUERY, [QUERY]), [1 / (1 + np.exp(-1))], rtol=1e-6
        )  # a logit of 1, as before

    def test_a_probe_that_fails_leaves_no_logits_behind(self, server):
        remote = reranker(server)
        server.scale = (-20, 10)
        with pytest.raises(RerankerError):
            remote.warm_up()
        server.scale = (1, 0)
        np.testing.assert_allclose(remote.rerank(QUERY, [QUERY]), [1.0])

    def test_rounding_is_no_logit(self, server):
        server.scale = (1.0001, -0.00005)
        scores = reranker(server).rerank(QUERY, [QUERY, *TEXTS])
        assert scores.min() == 0
        assert scores.max() == 1

    def test_probabilities_stay(self, server):
        remote = reranker(server)
        remote.warm_up()
        np.testing.assert_allclose(remote.rerank(QUERY, [QUERY]), [1.0])


class TestRerankingFaults:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda rows, _: rows.pop(), id="one is missing"),
            pytest.param(lambda rows, _: rows[0].update(index=rows[1]["index"]), id="one twice"),
            pytest.param(lambda rows, _: rows[0].update(index=99), id="index"),
            pytest.param(lambda rows, score: rows[0].update({score: None}), id="null"),
            pytest.param(lambda rows, score: rows[0].update({score: "high"}), id="text"),
            pytest.param(lambda rows, score: rows[0].update({score: math.nan}), id="nan"),
        ],
    )
    def test_scores_that_are_not_one_for_each(self, server, change):
        def spoil(body):
            if isinstance(body, list):
                change(body, "score")
            else:
                change(body["results"], "relevance_score")
            return body

        remote = reranker(server)
        remote.warm_up()
        server.spoil(spoil)
        with pytest.raises(ModelError, match=r"DOCENT_RERANK_URL.*a score for each passage"):
            remote.rerank(QUERY, TEXTS)

    @pytest.mark.parametrize(
        "body", [{}, [], "<html>", {"results": None}, {"results": [1]}, [None]]
    )
    def test_answers_of_another_form(self, server, body):
        remote = reranker(server)
        remote.warm_up()
        server.spoil(lambda _: body)
        with pytest.raises(ModelError, match="a score for each passage"):
            remote.rerank(QUERY, TEXTS)

    def test_a_server_that_is_down_does_not_stop_the_start(self, server, caplog):
        server.fail(503, times=3)
        reranker(server).warm_up()
        assert "fails (HTTP 503)" in caplog.records[0].message

    def test_a_refused_model_does(self, vllm):
        with pytest.raises(ModelError, match="DOCENT_RERANKER_MODEL"):
            reranker(vllm, "org/unknown").warm_up()

    def test_a_refused_key_does(self):
        with (
            InferenceServer("infinity", api_key="k") as server,
            pytest.raises(ModelError, match="DOCENT_RERANK_API_KEY"),
        ):
            reranker(server).warm_up()

    @pytest.mark.parametrize("scale", [(-1, 1), (0, 0.5), (0, 7)], ids=["inverted", "equal", "7"])
    def test_a_server_that_orders_wrongly_is_not_trusted_until_it_is_mended(self, server, scale):
        server.scale = scale
        remote = reranker(server)
        with pytest.raises(RerankerError, match=r"no higher than .* chat template"):
            remote.warm_up()
        with pytest.raises(RerankerError, match=RERANKER):
            remote.rerank(QUERY, TEXTS)
        server.scale = (1, 0)
        np.testing.assert_allclose(remote.rerank(QUERY, TEXTS), [0, 0.5, 0])

    def test_a_server_that_was_down_at_the_start_is_probed_later(self, server):
        server.fail(503, times=3)
        server.scale = (-1, 1)
        remote = reranker(server)
        remote.warm_up()
        with pytest.raises(RerankerError):
            remote.rerank(QUERY, TEXTS)

    def test_a_question_is_not_kept_waiting(self, server):
        server.fail(429, retry_after="60")
        with pytest.raises(ModelUnavailableError, match="try again in 60 s"):
            reranker(server).rerank(QUERY, TEXTS)
