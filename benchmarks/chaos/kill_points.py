"""The points of an answer at which docent is killed, each reached by events and not by time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.chaos.processes import Docent
from benchmarks.chaos.questions import PIECES, Asked, list_replies
from benchmarks.chaos.workplace import WORKERS, Workplace
from tests.servers.openai import Gate
from tests.servers.slack.switches import Hold

REACH_SECONDS = 60.0
FIRST, MIDDLE = 8, PIECES // 2
"""Pieces of the answer that the LLM writes before it is held."""

BEGINNINGS = ("chat.startStream", "chat.postMessage")

Arguments = dict[str, Any]


@dataclass
class Round:
    """Some questions that are brought to one point at once, in one docent.

    Attributes:
        place: the workplace.
        victim: the docent that gets the questions and will be killed.
        asked: the questions.
        sending: what still waits for an acknowledgement.
    """

    place: Workplace
    victim: Docent
    asked: Sequence[Asked]
    sending: list[asyncio.Task[None]] = field(default_factory=list)
    _llm_requests: int = 0
    _gates: list[Gate] = field(default_factory=list)
    _holds: list[Hold] = field(default_factory=list)

    async def send(self) -> None:
        """Send the questions, and return once they are acknowledged."""
        self.start_sending(self.asked)
        await self.wait_acknowledged()

    def start_sending(self, asked: Sequence[Asked], *, to: Docent | None = None) -> None:
        """Send questions to the victim or another docent; do not wait for acknowledgements."""
        self.place.slack.sockets.preferred = (to or self.victim).name
        self.sending += [asyncio.create_task(self.place.send(each)) for each in asked]

    async def wait_acknowledged(self) -> None:
        """Return once everything that was sent is acknowledged."""
        await asyncio.gather(*self.sending)

    def hold_searches(self, count: int) -> None:
        """Hold the next requests to the model server."""
        self._gates += [self.place.models.hold() for _ in range(count)]

    def hold_llm(self, count: int, *, after: int) -> None:
        """Hold the next answers of the LLM after some pieces of text."""
        self._llm_requests = len(self.place.llm.requests) + count
        self._gates += [self.place.llm.hold(after=after) for _ in range(count)]

    async def wait_for_llm(self) -> None:
        """Return once the LLM was asked for all the answers that it holds."""
        await asyncio.to_thread(
            self.place.llm.wait_for_requests, self._llm_requests, timeout=REACH_SECONDS
        )

    def hold_slack(self, wanted: Callable[[str, Arguments], bool], *, done: bool = False) -> Hold:
        """Hold calls of Slack."""
        hold = self.place.slack.hold_calls(wanted, done=done)
        self._holds.append(hold)
        return hold

    async def wait_for(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for something that shows at Slack."""
        await self.place.slack.wait_for(condition, timeout=REACH_SECONDS, what=what)

    def has_text(self, words: int) -> bool:
        """Return whether every asker sees so many words of the answer."""
        return all(
            any(len(reply.shown.split()) >= words for reply in list_replies(self.place.slack, each))
            for each in self.asked
        )

    def release(self) -> None:
        """Let the servers go on; what the dead process had asked of Slack is not done."""
        for hold in self._holds:
            hold.drop()
        for gate in self._gates:
            gate.open()


async def reach_unacked(work: Round) -> None:
    """Send events that docent does not even read."""
    work.victim.pause()
    work.start_sending(work.asked)
    unacked = len(work.asked)
    await work.wait_for(lambda: work.place.slack.sockets.unacked >= unacked, "deliveries")


async def reach_ack_lost(work: Round) -> None:
    """Let docent work as far as its LLM, while its acknowledgements do not reach Slack."""
    sockets = work.place.slack.sockets
    sockets.loses_acks = True
    work.hold_llm(len(work.asked), after=0)
    lost = sockets.lost_acks + len(work.asked)
    work.start_sending(work.asked)
    await work.wait_for_llm()
    await work.wait_for(lambda: sockets.lost_acks >= lost, "the acknowledgements")


async def reach_acked(work: Round) -> None:
    """Get the acknowledgements, and hold all that comes after them."""
    work.hold_slack(lambda method, _: _is_visible(method))
    work.hold_searches(WORKERS)
    await work.send()


async def reach_waiting(work: Round) -> None:
    """Fill all workers of all docents with other questions, so that these have to wait."""
    place = work.place
    full = WORKERS * len(place.docents)
    work.hold_llm(full, after=FIRST)
    others = [place.say("beside those that wait") for _ in range(full)]
    for number, docent in enumerate(place.docents):
        work.start_sending(others[number * WORKERS : (number + 1) * WORKERS], to=docent)
        await work.wait_acknowledged()
    await work.wait_for_llm()
    await work.send()


async def reach_first_sign(work: Round) -> None:
    """Let Slack show the first message of each answer, and hold the reply that names it."""
    begun = work.hold_slack(lambda method, _: method in BEGINNINGS, done=True)
    await work.send()
    await work.wait_for(lambda: len(begun.calls) >= len(work.asked), "the first messages")


async def reach_searching(work: Round) -> None:
    """Hold the search of every question, once all have a first sign."""
    seen = len(work.place.models.requests)
    work.hold_searches(len(work.asked))
    await work.send()
    await asyncio.to_thread(
        work.place.models.wait_for_requests, seen + len(work.asked), timeout=REACH_SECONDS
    )
    await work.wait_for(
        lambda: all(_is_begun(work, each) for each in work.asked), "a first sign of each"
    )


async def reach_first_text(work: Round) -> None:
    """Show the first words of every answer."""
    await _reach_text(work, FIRST)


async def reach_middle(work: Round) -> None:
    """Show half of every answer."""
    await _reach_text(work, MIDDLE)


async def reach_before_sources(work: Round) -> None:
    """Hold the call that closes each answer with its sources, before Slack does it."""
    await _reach_closing(work, done=False)


async def reach_after_sources(work: Round) -> None:
    """Let Slack show each answer whole, and hold the reply that would tell docent so."""
    await _reach_closing(work, done=True)


async def _reach_text(work: Round, words: int) -> None:
    work.hold_llm(len(work.asked), after=words)
    await work.send()
    await work.wait_for(lambda: work.has_text(words // 2), f"{words // 2} words of each answer")


async def _reach_closing(work: Round, *, done: bool) -> None:
    closing = work.hold_slack(lambda _, arguments: _is_closing(arguments), done=done)
    await work.send()
    await work.wait_for(lambda: len(closing.calls) >= len(work.asked), "the calls that close")


def _is_visible(method: str) -> bool:
    return method.startswith(("chat.", "reactions.", "agents.", "assistant."))


def _is_closing(arguments: Arguments) -> bool:
    return "Sources" in json.dumps(arguments)


def _is_begun(work: Round, asked: Asked) -> bool:
    return bool(list_replies(work.place.slack, asked))


POINTS: dict[str, Callable[[Round], Awaitable[None]]] = {
    "unacked": reach_unacked,
    "ack lost": reach_ack_lost,
    "acked": reach_acked,
    "waiting": reach_waiting,
    "first sign": reach_first_sign,
    "searching": reach_searching,
    "first text": reach_first_text,
    "middle": reach_middle,
    "before the sources": reach_before_sources,
    "after the sources": reach_after_sources,
}
