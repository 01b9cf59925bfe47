"""What `docent status` says of the service, in a process of its own."""

from __future__ import annotations

from sqlalchemy import Engine

from bot.storage.inbox import Inbox
from bot.storage.problems import Problems
from bot.storage.service_status import ServiceStatus, read_service_status
from bot.types import IncomingMessage, MessageKey


def test_open_questions_and_problems_are_read(engine: Engine):
    inbox = Inbox(engine)
    for number in range(3):
        key = MessageKey("T1", "C1", f"{number}.0")
        inbox.add(f"q{number}", IncomingMessage("question", key, key.ts, "U1", "T1", "Why?"))
    inbox.take()
    Problems(engine).record("llm", "The key is refused: set it.")
    status = read_service_status(engine)
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


def test_before_the_first_run_there_is_nothing(engine: Engine):
    assert read_service_status(engine) == ServiceStatus()
