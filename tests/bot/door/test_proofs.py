"""Strangers are refused, before their request costs anything."""

from __future__ import annotations

import json
import time

import pytest

from bot.slack.client.signed_requests import MAX_AGE_SECONDS
from tests.bot.calls.bench import Bench
from tests.bot.door.door import TEAM, TOKEN, Door, build_call, open_door
from tests.servers.slack.delivery import signature

SEARCH = {"question": "data"}
PERSON = {"user_id": "U1", "team_id": TEAM, "enterprise_id": "E1"}


class TestToken:
    @pytest.mark.parametrize("token", [TOKEN, f"{TOKEN}-editor"])
    async def test_a_known_token_may_call(self, door: Door, token: str):
        status, found, _ = await door.post("/v1/search", SEARCH, token=token)
        assert (status, len(found["passages"])) == (200, 5)

    @pytest.mark.parametrize(
        "header",
        [
            "Bearer wrong-token-wrong-token",
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            f"Basic {TOKEN}",
            f"Bearer {TOKEN} {TOKEN}",
            "Bearer",
            "Bearer \xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9",
        ],
    )
    @pytest.mark.parametrize("path", ["/mcp", "/v1/search"])
    async def test_another_one_is_refused(self, door: Door, path: str, header: str):
        status, said, headers = await door.post(path, SEARCH, token="", Authorization=header)
        assert status == 401
        assert headers["WWW-Authenticate"].startswith("Bearer")
        assert "DOCENT_MCP_TOKENS" in said["error"]["message"]
        assert door.bench.pipeline.searched == []

    async def test_a_token_in_the_address_is_none(self, door: Door):
        status, _, _ = await door.post(
            f"/v1/search?token={TOKEN}&access_token={TOKEN}", SEARCH, token=""
        )
        assert status == 401

    async def test_without_a_token_nobody_may_call(self, door: Door):
        assert (await door.post("/v1/search", SEARCH, token=""))[0] == 401

    async def test_where_no_proof_is_needed_everyone_of_this_machine_may_call(self, bench: Bench):
        async with open_door(bench, needs_proof=False, tokens={}, signing_secret="") as door:
            assert (await door.post("/v1/search", SEARCH, token=""))[0] == 200

    async def test_the_callers_name_stands_in_the_record(self, door: Door):
        _, said, _ = await door.post("/v1/ask", {"question": "Where?"})
        record = door.bench.database.answers.find(said["id"])
        assert record is not None
        assert (record.user, record.surface) == ("ci", "http")


class TestHost:
    @pytest.mark.parametrize("host", ["docs.example.com", "Docs.Example.com:443", "localhost:1"])
    async def test_docents_names_may_be_called(self, door: Door, host: str):
        assert (await door.post("/v1/search", SEARCH, Host=host))[0] == 200

    @pytest.mark.parametrize(
        "host",
        [
            *("evil.example", "docs.example.com.evil.example", "127.0.0.1.evil.example", "[", ""),
            *("x@localhost", "localhost/evil", "localhost:1:2", "localhost:", "localhost evil"),
        ],
    )
    @pytest.mark.parametrize("path", ["/mcp", "/v1/search"])
    async def test_an_unknown_name_is_refused(self, door: Door, path: str, host: str):
        status, said, _ = await door.post(path, SEARCH, Host=host)
        assert status == 421
        assert "DOCENT_MCP_HOSTS" in said["error"]["message"]

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "file://"])
    async def test_a_page_of_another_site_is_refused(self, door: Door, origin: str):
        assert (await door.post("/v1/search", SEARCH, Origin=origin))[0] == 403

    async def test_docents_own_page_may_call(self, door: Door):
        origin = "https://docs.example.com"
        assert (await door.post("/v1/search", SEARCH, Origin=origin))[0] == 200


class TestSlack:
    async def test_a_signed_call_is_made_for_the_person(self, door: Door):
        status, said = await door.call_tool("ask_docs", PERSON)
        assert status == 200
        record = door.bench.database.answers.find(said["result"]["structuredContent"]["id"])
        assert record is not None
        assert (record.user, record.user_team, record.surface) == ("U1", TEAM, "mcp")
        assert door.admission.asked == [("U1", TEAM, "E1")]

    @pytest.mark.parametrize("tool", ["search_docs", "read_page", "ask_docs"])
    @pytest.mark.parametrize(
        "person",
        [
            {"user_id": "U1", "team_id": "T9"},
            {"user_id": "UGUEST", "team_id": TEAM},
            {"team_id": "T9"},
            {},
            {"user_id": None, "team_id": ["T1"]},
        ],
    )
    async def test_a_person_who_may_not_ask_is_told(self, door: Door, tool: str, person: object):
        status, said = await door.call_tool(tool, person)
        assert status == 200
        assert said["result"]["isError"]
        assert said["result"]["content"][0]["text"] == "I may not answer you."
        assert door.bench.pipeline.searched == door.bench.pipeline.questions == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"secret": "another"},
            {"X_Slack_Signature": "v0=" + 64 * "0"},
            {"X_Slack_Signature": "nonsense"},
            {"when": str(int(time.time()) - MAX_AGE_SECONDS - 60)},
            {"when": str(int(time.time()) + MAX_AGE_SECONDS + 60)},
            {"X_Slack_Request_Timestamp": "soon"},
            {"X_Slack_Request_Timestamp": ""},
            {"X_Slack_Request_Timestamp": "9" * 40},
        ],
    )
    async def test_what_slack_has_not_signed_is_refused(self, door: Door, changes: dict[str, str]):
        status, said = await door.call_tool("ask_docs", PERSON, **changes)
        assert status == 401
        assert said["jsonrpc"] == "2.0"
        assert door.bench.rows() == {}

    async def test_a_signature_counts_for_its_own_body_alone(self, door: Door):
        body = build_call("ask_docs", PERSON)
        other = build_call("ask_docs", PERSON | {"user_id": "U2"})
        now = int(time.time())
        status, _, _ = await door.post(
            "/mcp",
            other,
            token="",
            X_Slack_Request_Timestamp=str(now),
            X_Slack_Signature=signature(body, "slack-signing-secret", now),
        )
        assert status == 401

    async def test_a_token_makes_nobody_a_person_of_slack(self, door: Door):
        status, said = await door.call_tool("ask_docs", PERSON, token=TOKEN)
        assert status == 200
        record = door.bench.database.answers.find(said["result"]["structuredContent"]["id"])
        assert record is not None
        assert (record.user, record.user_team) == ("ci", "")
        assert door.admission.asked == []

    @pytest.mark.parametrize("person", [None, [], "U1", 1])
    async def test_a_call_without_a_person_is_refused(self, door: Door, person: object):
        status, said = await door.call_tool("ask_docs", person)
        assert (status, said["result"]["isError"]) == (200, True)
        assert "who asks" in said["result"]["content"][0]["text"]
        assert door.bench.pipeline.questions == []

    async def test_other_messages_need_no_person(self, door: Door):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
        now = int(time.time())
        status, said, _ = await door.post(
            "/mcp",
            body,
            token="",
            Accept="application/json, text/event-stream",
            X_Slack_Request_Timestamp=str(now),
            X_Slack_Signature=signature(body, "slack-signing-secret", now),
        )
        assert (status, "search_docs" in said) == (200, True)


class TestBody:
    @pytest.mark.parametrize("path", ["/mcp", "/v1/ask"])
    async def test_ten_megabytes_are_refused(self, door: Door, path: str):
        body = json.dumps({"question": "x" * 10_000_000}).encode()
        status, said, _ = await door.post(path, body)
        assert status == 413
        assert "1 MiB" in said["error"]["message"]

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000])
    async def test_what_is_no_message_is_refused(self, door: Door, body: bytes):
        for path in ("/mcp", "/v1/ask"):
            status, _, _ = await door.post(path, body, Accept="application/json, text/event-stream")
            assert 400 <= status < 500

    async def test_a_compressed_body_is_refused(self, door: Door):
        assert (await door.post("/v1/ask", b"x", Content_Encoding="gzip"))[0] == 415

    @pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
    async def test_only_post_is_taken(self, door: Door, method: str):
        async with door.session.request(method, f"{door.url}/mcp") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "POST"

    async def test_other_paths_are_not_found(self, door: Door):
        assert (await door.post("/v2/ask", SEARCH))[0] == 404
