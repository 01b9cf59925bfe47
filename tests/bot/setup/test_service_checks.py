"""The health of a running service is what its port says."""

from __future__ import annotations

import json

import pytest

from bot.settings import BotSettings
from bot.setup import service_checks
from bot.setup.service_checks import check_discord_app, check_health
from ingest.settings import IngestSettings
from rag_core.models.known_answers import CheckResult
from tests.servers.web import Resource, WebServer


def check(port: int | None) -> CheckResult:
    return check_health(
        BotSettings.load(health_port=port, health_host="0.0.0.0"), IngestSettings.load()
    )


@pytest.mark.parametrize(
    ("parts", "passed", "says"),
    [
        ({"milvus": "ok", "slack": "ok"}, True, "is ready on 127.0.0.1 port"),
        (
            {"milvus": "ok", "slack": "The connection is lost."},
            False,
            "slack: The connection is lost.",
        ),
    ],
)
def test_each_part_that_is_not_ready_is_named(parts: dict[str, str], passed: bool, says: str):
    with WebServer() as web:
        web.resources["/readyz"] = Resource(json.dumps({"parts": parts}).encode())
        result = check(int(web.url.rpartition(":")[2]))
    assert (result.passed, says in result.says) == (passed, True)


def test_a_service_that_does_not_run_is_no_failure_and_one_that_is_silent_is(monkeypatch):
    assert not check(None).is_set_up
    result = check(9)
    assert (result.passed, result.is_set_up) == (True, False)
    monkeypatch.setattr(service_checks.ControlClient, "find", lambda _: object())
    result = check(9)
    assert (result.passed, "does not answer" in result.says) == (False, True)


@pytest.mark.parametrize(("token", "names"), [(None, []), (" ", ["Discord token"])])
def test_discord_is_checked_if_it_has_a_token(token: str | None, names: list[str]):
    results = check_discord_app(BotSettings.load(discord_bot_token=token))
    assert [result.name for result in results if not result.passed] == names
