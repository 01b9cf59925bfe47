"""Calls: repeated while Slack fails, within a time, and at the pace that it names."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack.client import calls
from bot.slack.client.calls import Patience, execute_call
from bot.slack.client.workspace import SlackClients
from tests.bot.slack.client.test_api_errors import refuse


class Clock:
    """A clock that moves on when docent pauses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.pauses: list[float] = []
        monkeypatch.setattr(calls.asyncio, "sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def fail(clock: Clock, errors: list[BaseException]) -> tuple[SlackClients, list[dict[str, Any]]]:
    """A workspace whose edits fail so often, and the edits."""
    edits: list[dict[str, Any]] = []

    async def chat_update(**arguments: Any) -> str:
        edits.append(arguments)
        if errors:
            raise errors.pop(0)
        return "done"

    client: Any = SimpleNamespace(chat_update=chat_update)
    return SlackClients.of(client, client, clock=clock), edits


async def test_a_temporary_failure_is_waited_out(clock: Clock):
    slack, edits = fail(clock, [refuse("internal_error"), TimeoutError(), refuse("", 503)])
    patience = Patience(clock)
    assert await execute_call(slack, "chat.update", patience=patience, channel="C1") == "done"
    assert (len(edits), clock.pauses) == (4, [0.5, 1.0, 2.0])


async def test_an_outage_of_twenty_seconds_is_within_its_patience(clock: Clock):
    slack, _ = fail(clock, [])
    ends_at = clock.now + 20

    async def chat_update(**_: Any) -> str:
        if clock.now < ends_at:
            raise refuse("invalid_auth")
        return "done"

    slack.quick.chat_update = chat_update
    assert await execute_call(slack, "chat.update", patience=Patience(clock)) == "done"


async def test_patience_ends(clock: Clock):
    slack, edits = fail(clock, [refuse("internal_error")] * 99)
    with pytest.raises(Exception, match="refused"):
        await execute_call(slack, "chat.update", patience=Patience(clock))
    assert sum(clock.pauses) <= calls.PATIENCE_SECONDS
    assert len(edits) > 5


@pytest.mark.parametrize("code", ["invalid_blocks", "not_in_channel", "a_new_code"])
async def test_what_waiting_does_not_help_is_not_repeated(clock: Clock, code: str):
    slack, edits = fail(clock, [refuse(code)])
    with pytest.raises(Exception, match="refused"):
        await execute_call(slack, "chat.update", patience=Patience(clock))
    assert (len(edits), clock.pauses) == (1, [])


async def test_a_429_is_waited_out_and_slows_the_others(clock: Clock):
    slack, _ = fail(clock, [refuse("ratelimited", 429, **{"Retry-After": "9"})])
    with pytest.raises(Exception, match="refused"):
        await execute_call(slack, "chat.update", channel="C1")
    assert slack.rates.get("chat.update").compute_pause() == 9
    assert not slack.rates.get("chat.update").take()
    clock.now += 9
    assert slack.rates.get("chat.update").take()
