"""Tries: questions that are asked under a fault, and what their askers got."""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.chaos.questions import Asked, is_processing, is_progress
from benchmarks.load.sightings import find_first_signs
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import Message

Outcome = Literal["answered", "cut", "quoted", "told", "half", "doubled", "lost"]
ENDED = frozenset({"answered", "cut", "quoted", "told", "doubled"})

_QUOTED = "Inserted data is kept in object storage"
_OWN_TEXT = re.compile(
    r"\[\d+\]|docs |revision |Sources$|The closest|👎|👍|Show the evidence|Stop$|Ask the humans"
    r"|>|Answer \d|Inserted data|Metadata|A backup|Administrators"
)
"""The answer, the quotation, the sources and the buttons: what stands in every answer."""


@dataclass(frozen=True)
class Try:
    """One question that was asked under a fault.

    Attributes:
        outcome: what its asker has in the end.
        shown: all that the asker sees.
        first_sign: seconds from the event to the first sign; None if there was none.
        ended: seconds from the event to the end of the answer; None if there was none.
        is_processing: whether Slack still shows docent at work.
    """

    outcome: Outcome
    shown: str
    first_sign: float | None
    ended: float | None
    is_processing: bool


def list_seen(messages: Iterable[Message], asked: Asked) -> list[Message]:
    """Return docent's messages that the asker of a question can take for its answer.

    They are in its thread, private ones included, in direct messages, or carry its number. Each
    person asks one question.
    """
    place = (asked.message.channel, asked.message.thread_ts or asked.message.ts)
    user = asked.message.user
    return [
        message
        for message in messages
        if message.by_bot
        and (
            (message.channel, message.thread_ts) == place
            or message.visible_to == user
            or message.channel == f"D{user[1:]}"
            or f"Answer {asked.number} " in message.shown
        )
    ]


def judge_try(number: int, seen: Sequence[Message]) -> Outcome:
    """Return what the asker of a question has."""
    ended = [message for message in seen if not _is_open(message)]
    shown = "\n".join(message.shown for message in seen)
    begun = shown.count(f"Answer {number} begins")
    whole = shown.count(f"Answer {number} is complete")
    if begun > 1 or whole > 1 or shown.count(_QUOTED) > 1 > begun:
        return "doubled"
    if not seen:
        return "lost"
    if len(ended) < len(seen):
        return "half"
    if begun:
        return "answered" if whole else "cut"
    return "quoted" if _QUOTED in shown else "told"


def _is_open(message: Message) -> bool:
    """Return whether a message is live, or says that docent is at work."""
    return message.live or is_progress(message.shown) or not message.shown


def collect_tries(
    slack: SlackServer, sent: Sequence[tuple[Asked, float]], ended: dict[int, float]
) -> list[Try]:
    """Return what became of the questions.

    Args:
        slack: the workspace.
        sent: each question, with the moment at which it was sent.
        ended: the moment of each end that was seen, by number.

    Returns:
        A try for each question.
    """
    signs = find_first_signs(slack.calls())
    tries = []
    for asked, began in sent:
        message = asked.message
        places = ((message.channel, message.ts), (message.channel, message.user))
        at = min((signs[place][0] for place in places if place in signs), default=None)
        seen = list_seen(slack.store.all.values(), asked)
        tries.append(
            Try(
                judge_try(asked.number, seen),
                "\n".join(each.shown for each in seen),
                None if at is None else at - began,
                ended[asked.number] - began if asked.number in ended else None,
                is_processing(slack, asked),
            )
        )
    return tries


def summarise_tries(tries: Sequence[Try], right: frozenset[str], words: str) -> dict[str, Any]:
    """Count the tries of one fault.

    Args:
        tries: of the fault.
        right: the outcomes that are right.
        words: a pattern that the asker must see; empty for none.

    Returns:
        The counts, the seconds, and what most askers saw.
    """
    is_right = [
        each.outcome in right
        and re.search(words, each.shown, re.IGNORECASE) is not None
        and not each.is_processing
        for each in tries
    ]
    signs = [each.first_sign for each in tries if each.first_sign is not None]
    ends = [each.ended for each in tries if each.ended is not None]
    saw = Counter(extract_note(each.shown) for each in tries).most_common(1)
    return {
        "tries": len(tries),
        "right": sum(is_right),
        "lost": sum(each.outcome in {"lost", "half"} for each in tries),
        "doubled": sum(each.outcome == "doubled" for each in tries),
        "processing": sum(each.is_processing for each in tries),
        "outcomes": dict(Counter(each.outcome for each in tries)),
        "first_sign_seconds": round(statistics.median(signs), 2) if signs else None,
        "longest_first_sign": round(max(signs), 2) if signs else None,
        "end_seconds": round(statistics.median(ends), 1) if ends else None,
        "saw": saw[0][0] if saw else "",
    }


def extract_note(shown: str) -> str:
    """Return what an asker sees beside the answer's own text, shortened."""
    parts = [part.strip(" *_") for line in shown.splitlines() for part in line.split(" · ")]
    own = [part for part in parts if part and not _OWN_TEXT.match(part)]
    text = " / ".join(dict.fromkeys(own)) or ("the answer" if "Answer " in shown else "")
    return text if len(text) <= 200 else text[:199] + "…"


class Watch:
    """Notes when each question was sent and when its end was first seen."""

    def __init__(self, slack: SlackServer) -> None:
        self.sent: list[tuple[Asked, float]] = []
        self.ended: dict[int, float] = {}
        self._slack = slack

    def add(self, asked: Asked) -> None:
        """Note that a question is sent now."""
        self.sent.append((asked, time.monotonic()))

    async def wait(self, seconds: float) -> bool:
        """Wait until all have ended, at most so long; return whether they have."""
        try:
            await self._slack.wait_for(self._have_ended, timeout=seconds, what="all ends")
        except TimeoutError:
            return False
        return True

    def _have_ended(self) -> bool:
        for asked, _ in self.sent:
            if asked.number not in self.ended:
                seen = list_seen(self._slack.store.all.values(), asked)
                if judge_try(asked.number, seen) in ENDED:
                    self.ended[asked.number] = time.monotonic()
        return len(self.ended) == len(self.sent)
