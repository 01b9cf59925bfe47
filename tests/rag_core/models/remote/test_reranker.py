"""The contract of rerankers with vLLM, TEI and Infinity: each test runs against all it concerns."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

from rag_core.errors import ModelError, ModelUnavailableError, RerankerError
from rag_core.models.remote.http_client import ModelServer
from rag_core.models.remote.reranker import RemoteReranker
from rag_core.models.remote.server_address import RERANK, Address
from tests.servers.inference import RERANKER, InferenceServer
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


def reranker(server, model=RERANKER) -> RemoteReranker:
    address = Address.of(server.rerank_url, "/rerank", RERANK, None)
    return RemoteReranker(ModelServer(address, sleep=lambda _: None), model)


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
