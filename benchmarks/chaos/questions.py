"""Numbered questions, the answers an LLM with a script gives to them, and what became of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import Message

Result = Literal["answered", "doubled", "half", "told", "silent"]
RESULTS: tuple[Result, ...] = ("answered", "doubled", "half", "told", "silent")

PAGE = """\
# Storage

## Where is data stored?

Inserted data is kept in object storage. Metadata is kept in etcd.

## How are backups made?

A backup copies all segments into another bucket, once every night.

## Who may delete a collection?

Administrators delete collections; the files go an hour later.
"""
SOURCES = "Where is data stored?"
"""The line of the sources that closes every answer."""

_NUMBER = re.compile(r"item (\d+)")
_PROGRESS = re.compile(
    r"[_*]*(Searching|Ranking|Reading|I was interrupted; now|I am answering other)"
)
_MIDDLE = ("Inserted data is kept in object storage [1].", "Metadata is kept in etcd [1].") * 4


@dataclass(frozen=True)
class Asked:
    """A question that was sent, and the point of its answer at which docent was killed."""

    number: int
    message: Message
    point: str = ""


def render_question(number: int) -> str:
    """Return a question that the page answers, with a number of its own."""
    return f"Where is the data of item {number} stored?"


def write_answer(messages: Sequence[dict[str, Any]]) -> list[str]:
    """Answer the question in a request, in pieces, with a beginning and an end of its own."""
    return _write(messages, _MIDDLE)


def write_short_answer(messages: Sequence[dict[str, Any]]) -> list[str]:
    """Answer as `write_answer` does, in three sentences with two citations."""
    return _write(messages, _MIDDLE[:1])


def _write(messages: Sequence[dict[str, Any]], middle: Sequence[str]) -> list[str]:
    numbers = _NUMBER.findall(json.dumps(messages[-1:]))
    number = numbers[-1] if numbers else "0"
    sentences = (f"Answer {number} begins.", *middle, f"Answer {number} is complete [1].")
    return [f"{word} " for word in " ".join(sentences).split()]


PIECES = len(write_answer([]))


def list_replies(slack: SlackServer, asked: Asked) -> list[Message]:
    """Return docent's messages about a question, those outside of its thread too."""
    began = f"Answer {asked.number} "
    thread = asked.message.thread_ts or asked.message.ts
    return [
        message
        for message in slack.store.all.values()
        if message.by_bot
        and (
            began in message.shown
            or (message.channel, message.thread_ts) == (asked.message.channel, thread)
        )
    ]


def judge(asked: Asked, replies: Iterable[Message], *, source: str = SOURCES) -> Result:
    """Return what the asker of a question has in the end.

    A whole answer names the source.
    """
    replies = list(replies)
    shown = "\n".join(reply.shown for reply in replies)
    begun = shown.count(f"Answer {asked.number} begins")
    ended = shown.count(f"Answer {asked.number} is complete")
    if begun > 1 or ended > 1 or len(replies) > 1:
        return "doubled"
    if not replies:
        return "silent"
    if any(reply.live for reply in replies) or begun != ended or is_progress(shown):
        return "half"
    if begun:
        return "answered" if source in shown else "half"
    return "told"


def is_progress(shown: str) -> bool:
    """Return whether a message says that docent is at work."""
    return bool(_PROGRESS.match(shown))


def is_processing(slack: SlackServer, asked: Asked) -> bool:
    """Return whether Slack still shows docent at work on a question."""
    thread = asked.message.thread_ts or asked.message.ts
    statuses = slack.store.sessions.get((asked.message.channel, thread), [])
    return bool(statuses) and statuses[-1] == "processing"
