"""What `docent status` says of the service, in a process of its own."""

from __future__ import annotations

from pathlib import Path

from bot.storage.inbox import Inbox
from bot.storage.problems import Problems
from bot.storage.service_status import ServiceStatus, read_service_status
from bot.types import IncomingMessage, MessageKey
from ingest.state.database import open_state


def test_open_questions_and_problems_are_read(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    serving = open_state(url)
    inbox = Inbox(serving)
    for number in range(3):
        key = MessageKey("T1", "C1", f"{number}.0")
        inbox.add(f"q{number}", IncomingMessage("question", key, key.ts, "U1", "T1", "Why?"))
    inbox.take()
    Problems(serving).record("llm", "The key is refused: set it.")
    status = read_service_status(open_state(url))
    assert (status.waiting, status.answering) == (2, 1)
    [problem] = status.problems
    assert (problem.service, problem.text) == ("llm", "The key is refused: set it.")
    assert status.as_json()["problems"] == [
        {
            "service": "llm",
            "problem": "The key is refused: set it.",
            "since": problem.since.isoformat(),
        }
    ]


def test_before_the_first_run_there_is_nothing(tmp_path: Path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    assert read_service_status(engine) == ServiceStatus()
