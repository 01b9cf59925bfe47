"""Each part that a question needs is named with what keeps it from work."""

from __future__ import annotations

from bot.health.readiness import Readiness
from rag_core.errors import StoreUnavailableError


def fail() -> None:
    raise StoreUnavailableError("No Milvus answers.")


async def test_every_part_is_named():
    readiness = Readiness({"models": lambda: None, "milvus": fail})
    problems = await readiness.find_problems()
    assert problems == {
        "models": "",
        "milvus": "No Milvus answers.",
        "slack": "docent has not connected to Slack yet.",
    }


async def test_the_connection_is_asked_each_time():
    readiness, connected = Readiness(), True

    async def is_connected() -> bool:
        return connected

    readiness.watch_connection(is_connected)
    assert await readiness.find_problems() == {"slack": ""}
    connected = False
    assert await readiness.find_problems() == {"slack": "The connection to Slack is lost."}


async def test_without_slack_nothing_waits_for_it():
    assert await Readiness({"models": lambda: None}, connections=()).find_problems() == {
        "models": ""
    }
