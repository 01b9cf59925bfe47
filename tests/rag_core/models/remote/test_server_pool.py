"""Several servers: spread by load, around one that fails, and only of one model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress

import numpy as np
import pytest

from rag_core.cancellation import Cancellation
from rag_core.deadline import limit_time
from rag_core.errors import ModelError, ModelUnavailableError
from rag_core.models.remote import server_pool
from rag_core.models.remote.embedder import RemoteEmbedder
from rag_core.models.remote.http_client import ModelServer
from rag_core.models.remote.server_address import EMBEDDING, Address
from rag_core.models.remote.server_pool import IN_FLIGHT, open_servers
from rag_core.outages import Outages
from tests.servers.inference import EMBEDDER, InferenceServer

TEXTS = ["Logs go to a broker.", "Vectors are kept in storage."]
PATH = "/v1/embeddings"


@pytest.fixture
def pair() -> Iterator[list[InferenceServer]]:
    with ExitStack() as opened:
        yield [opened.enter_context(InferenceServer("vllm")) for _ in range(2)]


def connect(servers: list[InferenceServer]) -> RemoteEmbedder:
    addresses = [Address.of(server.url, PATH, EMBEDDING, None) for server in servers]
    clients = [ModelServer(address, sleep=lambda _: None) for address in addresses]
    return RemoteEmbedder(clients, EMBEDDER)


def count_requests(servers: list[InferenceServer]) -> list[int]:
    return [len(server.requests) for server in servers]


def start(work, *arguments) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def test_the_warm_up_asks_each_server_once(pair):
    embedder = connect(pair)
    embedder.warm_up()
    embedder.warm_up()
    assert count_requests(pair) == [1, 1]
    assert embedder.dimension == 32
    assert embedder.parallel > 2 * IN_FLIGHT


def test_a_server_that_is_busy_is_passed_over(pair):
    embedder = connect(pair)
    embedder.warm_up()
    gates = [server.freeze(PATH) for server in pair]
    threads = [start(embedder.embed_passages, TEXTS) for _ in range(2)]
    for server in pair:
        server.wait_for_requests(2)
    for gate in gates:
        gate.open()
    for thread in threads:
        thread.join(10)
    assert count_requests(pair) == [2, 2]


def test_a_server_has_no_more_requests_of_a_build_than_its_limit(pair):
    embedder = connect(pair)
    embedder.warm_up()
    gates = [server.freeze(PATH) for server in pair]
    threads = [start(embedder.embed_passages, TEXTS) for _ in range(2 * IN_FLIGHT + 3)]
    for server in pair:
        server.wait_for_requests(1 + IN_FLIGHT)
    assert count_requests(pair) == [1 + IN_FLIGHT] * 2
    for gate in gates:
        gate.open()
    for thread in threads:
        thread.join(10)
    assert sum(count_requests(pair)) == 2 + len(threads)


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 401}, {"status": 429}, {"cut": True}]
)
@pytest.mark.parametrize("question", [True, False])
def test_a_request_of_a_server_that_fails_goes_to_another(pair, fault, question):
    embedder = connect(pair)
    embedder.warm_up()
    for server in pair[:1]:
        if "status" in fault:
            server.fail(fault["status"], times=9)
        else:
            server.cut_off(times=9)
    for _ in range(4):
        if question:
            with limit_time(100):
                assert embedder.embed_query("Where?").shape == (32,)
        else:
            assert embedder.embed_passages(TEXTS).shape == (2, 32)
    # The first failure leaves it out, so the others did not try it.
    assert len(pair[0].requests) == 2


def test_vectors_without_a_direction_are_made_by_another_server(pair):
    embedder = connect(pair)
    embedder.warm_up()

    def spoil(body):
        body["data"][0]["embedding"] = [0.0] * 32
        return body

    pair[0].spoil(spoil)
    for _ in range(2):
        np.testing.assert_allclose(
            np.linalg.norm(embedder.embed_passages(TEXTS), axis=1), 1, atol=1e-6
        )


def test_a_text_that_is_refused_is_not_sent_to_the_others(pair):
    embedder = connect(pair)
    embedder.warm_up()
    for server in pair:
        server.fail(400)
    with pytest.raises(ModelError, match="HTTP 400"):
        embedder.embed_passages(TEXTS)
    assert sum(count_requests(pair)) == 3


def test_servers_of_two_models_are_told_apart(pair):
    pair[1].vector = lambda text: list(np.random.default_rng(len(text)).standard_normal(32))
    with pytest.raises(ModelError, match="gives other vectors") as caught:
        connect(pair).warm_up()
    for server in pair:
        assert server.embedding_url in str(caught.value)


def test_servers_of_two_dimensions_are_told_apart(pair):
    pair[1].dimension = 16
    with pytest.raises(ModelError, match="gives other vectors"):
        connect(pair).embed_passages(TEXTS)


def test_one_that_is_down_at_the_start_is_left_out(pair, caplog):
    pair[0].fail(503, times=1)
    embedder = connect(pair)
    embedder.warm_up()
    assert pair[0].url in caplog.text
    assert embedder.embed_passages(TEXTS).shape == (2, 32)
    assert count_requests(pair) == [1, 2]


def test_a_build_waits_for_servers_that_are_busy_at_its_start(pair):
    """As for one that is alone: six requests, the first of them by the check of all."""
    pair[0].fail(429, times=99)
    pair[1].fail(503, times=6)
    assert connect(pair).embed_passages(TEXTS).shape == (2, 32)
    # The first: the check of all, and six. The second: seven checks, and the texts.
    assert count_requests(pair) == [7, 8]


def test_a_build_that_asks_for_the_dimension_waits_as_well(pair):
    for server in pair:
        server.fail(503, times=2)
    embedder = connect(pair)
    assert embedder.dimension == 32
    assert sum(count_requests(pair)) == 4


def test_a_question_does_not_wait_for_busy_servers(pair):
    for server in pair:
        server.fail(503, times=99)
    with limit_time(100), pytest.raises(ModelUnavailableError, match="HTTP 503"):
        connect(pair).embed_query("Where?")
    assert count_requests(pair) == [1, 1]


def test_a_question_is_answered_while_a_build_waits(pair):
    paused, go_on = threading.Event(), threading.Event()

    def rest(_: float) -> None:
        paused.set()
        go_on.wait(10)

    pair[0].fail(503, times=3)
    pair[1].fail(503, times=1)
    addresses = [Address.of(server.url, PATH, EMBEDDING, None) for server in pair]
    servers = [ModelServer(address, sleep=rest) for address in addresses]
    embedder = RemoteEmbedder(servers, EMBEDDER)
    build = start(embedder.embed_passages, TEXTS)
    assert paused.wait(10)
    with limit_time(100):
        assert embedder.embed_query("Where?").shape == (32,)
    assert build.is_alive()
    go_on.set()
    build.join(10)
    assert not build.is_alive()


def test_all_that_are_down_are_an_error(pair):
    for server in pair:
        server.fail(503, times=99)
    with pytest.raises(ModelUnavailableError, match="HTTP 503"):
        connect(pair).embed_passages(TEXTS)


def test_a_server_that_works_again_is_used_again(pair, monkeypatch):
    monkeypatch.setattr(server_pool, "_PAUSE_SECONDS", 0.0)
    embedder = connect(pair)
    embedder.warm_up()
    pair[0].fail(503)
    while len(pair[0].requests) < 2:
        embedder.embed_passages(TEXTS)
    embedder.embed_passages(TEXTS)  # a thread asks the one that failed
    pair[0].wait_for_requests(3)
    assert pair[0].requests[2].texts == pair[0].requests[0].texts  # the known text


def test_when_all_failed_a_request_is_tried_as_at_a_single_server(pair):
    embedder = connect(pair)
    embedder.warm_up()
    for server in pair:
        server.fail(503, times=2)
    assert embedder.embed_passages(TEXTS).shape == (2, 32)


def test_a_cancelled_build_ends_at_once(pair):
    embedder = connect(pair)
    embedder.warm_up()
    for server in pair:
        server.freeze(PATH)
    cancellation = Cancellation()

    def embed() -> None:
        with cancellation.activate(), suppress(CancelledError):
            embedder.embed_passages(TEXTS)

    threads = [start(embed) for _ in range(2 * IN_FLIGHT + 2)]
    for server in pair:
        server.wait_for_requests(1 + IN_FLIGHT)
    cancellation.cancel()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_what_a_server_had_in_flight_fails_as_one_failure(pair):
    embedder = connect(pair)
    embedder.warm_up()
    gates = [server.freeze(PATH) for server in pair]
    threads = [start(embedder.embed_passages, TEXTS) for _ in range(2 * IN_FLIGHT)]
    for server in pair:
        server.wait_for_requests(1 + IN_FLIGHT)
    pair[0].fail(503, times=IN_FLIGHT)
    for gate in gates:
        gate.open()
    for thread in threads:
        thread.join(10)
    member = embedder._pool._members[0]
    assert member.is_out
    assert member.breaker._pause == server_pool._PAUSE_SECONDS


def test_a_question_without_time_tells_nothing_of_a_server(pair):
    embedder = connect(pair)
    embedder.warm_up()
    gates = [server.freeze(PATH) for server in pair]
    with pytest.raises(ModelUnavailableError), limit_time(0.05):
        embedder.embed_query("Where?")
    assert not any(member.is_out for member in embedder._pool._members)
    assert sum(count_requests(pair)) <= 3
    for gate in gates:
        gate.open()


def test_a_question_does_not_wait_for_the_check_of_a_build(pair):
    embedder = connect(pair)
    gate = pair[0].freeze(PATH)
    build = start(embedder.embed_passages, TEXTS)
    pair[0].wait_for_requests(1)
    with pytest.raises(ModelUnavailableError, match="not checked in time"), limit_time(0.05):
        embedder.embed_query("Where?")
    gate.open()
    build.join(10)
    with limit_time(100):
        assert embedder.embed_query("Where?").shape == (32,)


def test_a_cancelled_question_does_not_wait_for_the_check_of_a_build(pair):
    embedder = connect(pair)
    gate = pair[0].freeze(PATH)
    build = start(embedder.embed_passages, TEXTS)
    pair[0].wait_for_requests(1)
    cancellation = Cancellation()

    def ask() -> None:
        with cancellation.activate(), limit_time(100), suppress(CancelledError):
            embedder.embed_query("Where?")

    question = start(ask)
    cancellation.cancel()
    question.join(5)
    assert not question.is_alive()
    assert build.is_alive()
    gate.open()
    build.join(10)


def test_a_question_at_the_start_passes_over_a_frozen_server(pair, monkeypatch):
    monkeypatch.setattr(server_pool, "_QUESTION_SECONDS", 1.0)
    embedder = connect(pair)
    gate = pair[0].freeze(PATH)
    with limit_time(100):
        assert embedder.embed_query("Where?").shape == (32,)
    gate.open()


def test_an_outage_names_the_server_and_says_that_others_answer():
    outages = Outages()
    addresses = [Address.of(f"http://{name}:1", PATH, EMBEDDING, None) for name in ("a", "b", "c")]
    servers = open_servers(addresses, outages)
    servers[1].report(servers[1].build_error("is down", "start it"))
    [outage] = outages.list_current()
    assert outage.sentence == (
        "The model server at http://b:1/v1/embeddings (DOCENT_EMBEDDING_URL) is down: start it; "
        "2 other servers still answer."
    )
    for server in servers:
        server.report(server.build_error("is down", "start it"))
    [outage] = outages.list_current()
    assert all(f"http://{name}:1/" in outage.sentence for name in "abc")
    assert "still" not in outage.sentence
