"""The models' worker is watched, and the numbers of the state database are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.health.metrics import Metrics
from bot.health.monitor import STUCK_SECONDS, Monitor, NumberReader
from bot.storage.inbox import Inbox
from bot.storage.inbox_view import InboxView
from bot.types import IncomingMessage, MessageKey
from ingest.state.database import open_state
from rag_core.errors import ModelError
from tests.bot.health.test_metrics import read_sample


@dataclass
class Worker:
    is_alive: bool = True
    busy_seconds: float = 0.0


def test_models_that_are_being_loaded_are_alive_and_not_ready():
    worker = Worker(busy_seconds=STUCK_SECONDS)  # a download
    monitor = Monitor(worker)
    assert monitor.find_stuck() == ""
    with pytest.raises(ModelError, match="still being loaded"):
        monitor.check_models()


def test_loaded_models_are_ready():
    monitor = Monitor(Worker(busy_seconds=STUCK_SECONDS - 1))
    with monitor.watch_loading():
        pass
    assert monitor.find_stuck() == ""
    monitor.check_models()


def test_models_that_can_not_be_loaded_are_not_ready():
    monitor = Monitor(Worker())
    states: list[bool] = []

    def fail() -> None:
        with monitor.watch_loading():
            states.append(monitor.is_loading)
            raise ModelError("no weights")

    with pytest.raises(ModelError, match="no weights"):
        fail()
    assert [*states, monitor.is_loading] == [True, False]
    with pytest.raises(ModelError, match="still being loaded"):
        monitor.check_models()


@pytest.mark.parametrize("worker", [Worker(busy_seconds=STUCK_SECONDS), Worker(is_alive=False)])
def test_a_worker_that_does_not_go_on_needs_a_restart(worker: Worker):
    monitor = Monitor(worker)
    with monitor.watch_loading():
        pass
    assert monitor.find_stuck().endswith("restart docent.")
    with pytest.raises(ModelError, match="restart docent"):
        monitor.check_models()


async def test_readiness_has_the_models_and_the_given_checks():
    problems = (
        await Monitor(Worker()).build_readiness({"milvus": lambda: None}, ["Slack"]).find_problems()
    )
    assert set(problems) == {"models", "milvus", "slack"}
    assert problems["milvus"] == ""


def test_open_questions_and_the_last_sync_are_read(tmp_path: Path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    inbox, metrics = Inbox(engine), Metrics()
    for number in range(3):
        key = MessageKey("T1", "C1", f"{number}.0")
        inbox.add(f"q{number}", IncomingMessage("question", key, key.ts, "U1", "T1", "Why?"))
    assert inbox.take() is not None
    NumberReader(metrics, InboxView(engine), lambda: datetime.now(UTC)).read()
    assert read_sample(metrics, "docent_open_questions", status="waiting") == 2
    assert read_sample(metrics, "docent_open_questions", status="answering") == 1
    age = read_sample(metrics, "docent_index_age_seconds")
    assert age is not None
    assert age < 60
