from __future__ import annotations

import socket
import threading

import httpx2
import pytest
from pydantic import SecretStr

from rag_core.errors import ModelError, ModelUnavailableError, SettingsError
from rag_core.models.remote.http_client import (
    BACKGROUND_RETRIES,
    INTERACTIVE_RETRIES,
    ModelServer,
    _parse_reply,
)
from rag_core.models.remote.server_address import EMBEDDING, RERANK, Address
from tests.servers.inference import EMBEDDER, InferenceServer

BODY = {"model": EMBEDDER, "input": ["one", "two"]}


@pytest.fixture
def remote():
    with InferenceServer("vllm", api_key="key-1") as server:
        yield server


class Naps:
    """Sleeps for no time, and remembers for how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


def address(url: str, key: str | None = "key-1") -> Address:
    return Address.of(url, "/v1/embeddings", EMBEDDING, SecretStr(key) if key else None)


@pytest.fixture
def server(remote, naps) -> ModelServer:
    return ModelServer(address(remote.embedding_url), sleep=naps)


class TestAddress:
    @pytest.mark.parametrize(
        ("base", "endpoint", "whole"),
        [
            ("http://h:8000", "/v1/embeddings", "http://h:8000/v1/embeddings"),
            ("http://h:8000/", "/v1/embeddings", "http://h:8000/v1/embeddings"),
            ("http://h/v1", "/v1/embeddings", "http://h/v1/embeddings"),
            ("http://h/v1/", "/v1/embeddings", "http://h/v1/embeddings"),
            ("http://h/v1/embeddings", "/v1/embeddings", "http://h/v1/embeddings"),
            ("http://h/embeddings", "/v1/embeddings", "http://h/embeddings"),
            ("http://h/proxy/v1", "/v1/embeddings", "http://h/proxy/v1/embeddings"),
            ("http://h/v1?version=2", "/v1/embeddings", "http://h/v1/embeddings?version=2"),
            ("http://h", "/rerank", "http://h/rerank"),
            ("http://h/v1", "/rerank", "http://h/v1/rerank"),
            ("https://h/v2/rerank", "/rerank", "https://h/v2/rerank"),
        ],
    )
    def test_it_may_be_given_whole_or_in_part(self, base, endpoint, whole):
        assert str(Address.of(base, endpoint, RERANK, None).url) == whole

    @pytest.mark.parametrize("base", ["host:8000", "ftp://h", "http://", "http://[::1", "nonsense"])
    def test_what_is_no_address_names_the_variable(self, base):
        with pytest.raises(SettingsError, match=r"^DOCENT_EMBEDDING_URL is not an address: .*\.$"):
            address(base)

    @pytest.mark.parametrize(
        ("setting", "hosts"),
        [
            ("http://a", ["a"]),
            ("http://a, http://b:8", ["a", "b"]),
            ("http://a,https://b,", ["a", "b"]),
            (" http://a\nhttp://b\thttp://a/v1 ", ["a", "b"]),
            ("http://user:1,2@a,http://b", ["a", "b"]),
            ("HTTP://a,HTTPS://b", ["a", "b"]),
        ],
    )
    def test_a_setting_may_name_several_each_once(self, setting, hosts):
        found = Address.list_of(setting, "/v1/embeddings", EMBEDDING, None)
        assert [address.url.host for address in found] == hosts

    @pytest.mark.parametrize("setting", ["http://a, b", "host:80,http://b", " ", ","])
    def test_each_of_several_is_checked(self, setting):
        with pytest.raises(SettingsError, match=r"^DOCENT_EMBEDDING_URL is not an address"):
            Address.list_of(setting, "/v1/embeddings", EMBEDDING, None)

    @pytest.mark.parametrize("key", ["two words", "key\n", "schlüssel", ""])
    def test_what_is_no_key_names_the_variable_and_stays_secret(self, key):
        with pytest.raises(SettingsError, match=r"^DOCENT_RERANK_API_KEY is not a key") as caught:
            Address.of("http://h", "/rerank", RERANK, SecretStr(key))
        assert not key.strip() or key not in str(caught.value)

    def test_credentials_are_not_shown(self):
        shown = address("https://user:pass@h:8/v1?key=abc").display_url
        assert shown == "https://h:8/v1/embeddings"


class TestAnswers:
    def test_an_answer_and_the_request(self, remote, server):
        reply = server.post(BODY)
        assert (reply.ok, reply.status, reply.error_message) == (True, 200, "")
        assert len(reply.body["data"]) == 2
        [request] = remote.requests
        assert (request.path, request.arguments) == ("/v1/embeddings", BODY)
        assert request.authorization == "Bearer key-1"

    def test_the_key_goes_before_credentials_in_the_address(self, remote):
        url = remote.embedding_url.replace("http://", "http://user:pass@")
        assert ModelServer(address(url)).post(BODY).ok
        assert remote.requests[0].authorization == "Bearer key-1"

    def test_credentials_in_the_address_are_sent_where_there_is_no_key(self, remote):
        url = remote.embedding_url.replace("http://", "http://user:pass@")
        assert ModelServer(address(url, key=None)).post(BODY).status == 401
        assert remote.requests[0].authorization.startswith("Basic ")

    def test_half_a_character_is_replaced(self, remote, server):
        server.post({"model": EMBEDDER, "input": ["a\ud83db"]})
        assert remote.requests[0].texts == ["a?b"]

    def test_threads_share_a_server(self, remote, server):
        gates = [remote.hold() for _ in range(3)]
        replies = []
        threads = [
            threading.Thread(target=lambda: replies.append(server.post(BODY))) for _ in gates
        ]
        for thread in threads:
            thread.start()
        remote.wait_for_requests(3)  # all three are under way at once
        for gate in gates:
            gate.open()
        for thread in threads:
            thread.join()
        assert [reply.ok for reply in replies] == [True] * 3


class TestRetries:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
    def test_what_passes_is_tried_again(self, remote, server, naps, status):
        remote.fail(status, times=2)
        assert server.post(BODY).ok
        assert len(remote.requests) == 3
        assert len(naps.seconds) == 2
        assert 0.5 <= naps.seconds[0] <= 1 <= naps.seconds[1] <= 2

    def test_a_cut_connection_is_tried_again(self, remote, server):
        remote.cut_off(times=2)
        assert server.post(BODY).ok
        assert len(remote.requests) == 3

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 424])
    def test_what_stays_is_not(self, remote, server, naps, status):
        remote.fail(status)
        reply = server.post(BODY)
        assert (reply.ok, reply.status) == (False, status)
        assert (len(remote.requests), naps.seconds) == (1, [])

    def test_a_question_gives_up_soon_and_indexing_later(self, remote, server):
        for retries in (INTERACTIVE_RETRIES, BACKGROUND_RETRIES):
            before = len(remote.requests)
            remote.fail(503, times=retries.attempts)
            with pytest.raises(ModelUnavailableError):
                server.post(BODY, retries=retries)
            assert len(remote.requests) - before == retries.attempts
        assert BACKGROUND_RETRIES.attempts > INTERACTIVE_RETRIES.attempts

    def test_a_pause_that_the_server_asks_for_is_kept(self, remote, server, naps):
        remote.fail(429, retry_after="20")
        assert server.post(BODY, retries=BACKGROUND_RETRIES).ok
        assert naps.seconds == [20]

    def test_a_long_pause_is_refused_at_once(self, remote, server, naps):
        remote.fail(429, retry_after="20")
        with pytest.raises(ModelUnavailableError, match=r"HTTP 429\): try again in 20 s\.$"):
            server.post(BODY)
        assert (len(remote.requests), naps.seconds) == (1, [])

    def test_a_date_is_no_pause(self, remote, server, naps):
        remote.fail(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
        assert server.post(BODY).ok
        assert naps.seconds[0] < 2


class TestSentences:
    def test_a_server_that_does_not_run(self, naps):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://user:secret@127.0.0.1:{unused.getsockname()[1]}"
            with pytest.raises(ModelUnavailableError) as caught:
                ModelServer(address(url, key=None), sleep=naps).post(BODY)
        said = str(caught.value)
        assert "(DOCENT_EMBEDDING_URL) does not answer" in said
        assert said.endswith("start it, or correct the address.")
        assert "secret" not in said
        assert isinstance(caught.value.__cause__, httpx2.ConnectError)
        assert len(naps.seconds) == INTERACTIVE_RETRIES.attempts - 1

    def test_a_server_that_is_too_slow_is_not_asked_again(self, remote, naps):
        gate = remote.hold()
        slow = ModelServer(address(remote.embedding_url), sleep=naps, seconds=0.2)
        with pytest.raises(ModelUnavailableError, match="takes too long"):
            slow.post(BODY)
        gate.open()
        assert naps.seconds == []

    def test_a_server_that_fails_is_quoted(self, remote, server):
        remote.fail(500, times=3)
        with pytest.raises(
            ModelUnavailableError,
            match=r"fails \(HTTP 500\): see its log; it said: told to fail\.$",
        ):
            server.post(BODY)

    def test_a_refused_key_names_its_variable(self, remote):
        wrong = ModelServer(address(remote.embedding_url, "key-2"))
        error = wrong.build_refusal_error(wrong.post(BODY))
        assert type(error) is ModelError
        assert str(error) == (
            f"The model server at {remote.embedding_url} (DOCENT_EMBEDDING_URL) refused the key "
            "(HTTP 401): set DOCENT_EMBEDDING_API_KEY."
        )

    def test_an_unknown_model_names_its_variable(self, server):
        error = server.build_refusal_error(server.post({**BODY, "model": "org/unknown"}))
        assert "check the address and DOCENT_EMBEDDING_MODEL" in str(error)
        assert "The model `org/unknown` does not exist." in str(error)

    def test_a_wrong_path(self, remote):
        server = ModelServer(address(f"{remote.url}/v3"))
        assert "(HTTP 404): check the address" in str(server.build_refusal_error(server.post(BODY)))

    def test_a_long_message_is_cut_to_one_line(self, remote, server):
        remote.dialect.error = lambda *_: {"message": "far\n too   " + "long " * 500}
        remote.fail(400)
        said = str(server.build_refusal_error(server.post(BODY)))
        assert "it said: far too long" in said
        assert "\n" not in said
        assert len(said) < 500

    @pytest.mark.parametrize(
        "body",
        [
            {"error": {"message": "no"}},
            {"error": "no"},
            {"message": "no", "code": 400},
            {"detail": "no"},
            {"detail": [{"loc": ["body"], "msg": "no"}]},
            "no",
        ],
    )
    def test_the_message_is_found_in_every_form(self, remote, server, body):
        remote.dialect.error = lambda *_: body
        remote.fail(400)
        assert server.post(BODY).error_message == "no"

    @pytest.mark.parametrize("body", [{}, [], {"error": None}, {"error": {"message": 7}}, None])
    def test_an_error_without_a_message_is_still_one(self, remote, server, body):
        remote.dialect.error = lambda *_: body
        remote.fail(400)
        assert "(HTTP 400)" in str(server.build_refusal_error(server.post(BODY)))


def test_a_reply_that_is_nested_without_end_is_no_json():
    assert _parse_reply(httpx2.Response(200, content=b"[" * 200_000)).body is None
