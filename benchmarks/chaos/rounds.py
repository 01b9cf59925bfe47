"""Rounds of questions, each with a kill; questions asked while docent is down; a polite end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.chaos.kill_points import POINTS, Round
from benchmarks.chaos.questions import Asked, Result, is_processing, judge, list_replies
from benchmarks.chaos.workplace import Workplace


@dataclass
class Kills:
    """What the kills of one setting left behind.

    Attributes:
        asked: the questions that were at the point of their kill.
        beside: those that only kept the workers busy.
        seconds: from each kill until all questions of its round were answered.
        unanswered: rounds that were given up after the time for them.
        unreached: rounds whose questions did not come as far as their point, and why.
    """

    asked: list[Asked] = field(default_factory=list)
    beside: list[Asked] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)


async def kill_at_all_points(
    place: Workplace, points: Sequence[str], *, questions: int, batch: int, patience: float
) -> Kills:
    """Kill a docent again and again, at one point after the other, until all were asked.

    Args:
        place: the workplace, with its docents running.
        points: names of the points.
        questions: how many to ask, those beside the point not counted.
        batch: how many are at the point at each kill.
        patience: seconds after a kill for the answers.

    Returns:
        The questions and what happened after the kills.
    """
    kills = Kills()
    turn = 0
    while len(kills.asked) < questions:
        point = points[turn % len(points)]
        victim = place.docents[turn % len(place.docents)]
        count = min(batch, questions - len(kills.asked))
        first = len(place.asked)
        work = Round(place, victim, [place.say(point) for _ in range(count)])
        try:
            await POINTS[point](work)
        except TimeoutError as error:
            kills.unreached.append(f"{point}: {str(error)[:200]}")
        killed = await _kill_and_restart(work)
        kills.asked += work.asked
        kills.beside += [each for each in place.asked[first:] if each not in work.asked]
        try:
            await asyncio.wait_for(work.wait_acknowledged(), patience)
            await wait_for_answers(place, place.asked[first:], patience=patience)
        except TimeoutError:
            kills.unanswered.append(point)
        else:
            kills.seconds.append(time.monotonic() - killed)
        turn += 1
    return kills


async def _kill_and_restart(work: Round) -> float:
    """Kill the process, let the servers go on, start it again; return when it was killed."""
    place, sockets = work.place, work.place.slack.sockets
    await work.victim.kill()
    killed = time.monotonic()
    await place.wait_gone(work.victim)
    sockets.loses_acks, sockets.preferred = False, ""
    work.release()
    await place.start(work.victim)
    return killed


async def wait_for_answers(place: Workplace, asked: Sequence[Asked], *, patience: float) -> None:
    """Return once every question has its answer.

    Raises:
        TimeoutError: some have none.
    """
    await place.slack.wait_for(
        lambda: all(read_result(place, each) in {"answered", "doubled"} for each in asked),
        timeout=patience,
        what="all answers",
    )


def read_result(place: Workplace, asked: Asked) -> Result:
    """Return what the asker has now."""
    return judge(asked, list_replies(place.slack, asked))


async def ask_while_down(place: Workplace, *, count: int, patience: float) -> list[Asked]:
    """Put questions into Slack while no docent runs, and start one."""
    await asyncio.gather(*(each.kill() for each in place.docents if each.process))
    for docent in place.docents:
        await place.wait_gone(docent)
    asked = [place.say("down") for _ in range(count)]
    for docent in place.docents:
        await place.start(docent)
    with contextlib.suppress(TimeoutError):
        await wait_for_answers(place, asked, patience=patience)
    return asked


async def ask_while_disconnected(place: Workplace, *, count: int, patience: float) -> list[Asked]:
    """Put questions into Slack while docent's connection is broken."""
    hold = place.slack.hold_calls(lambda method, _: method == "apps.connections.open")
    place.slack.sockets.abort()
    for docent in place.docents:
        await place.wait_gone(docent)
    asked = [place.say("disconnected") for _ in range(count)]
    hold.release()
    for docent in place.docents:
        await place.slack.wait_for(
            partial(place.slack.sockets.is_connected, docent.name),
            timeout=60,
            what="docent to connect again",
        )
    with contextlib.suppress(TimeoutError):
        await wait_for_answers(place, asked, patience=patience)
    return asked


async def terminate_in_the_middle(
    place: Workplace, *, count: int, patience: float
) -> tuple[list[Asked], float]:
    """Send SIGTERM while the LLM is silent, and start the next process.

    Returns:
        The questions, and the seconds until the process had ended.
    """
    victim = place.docents[0]
    place.slack.sockets.preferred = victim.name
    work = Round(place, victim, [place.say("terminated") for _ in range(count)])
    await POINTS["middle"](work)
    seconds = await victim.terminate()
    await place.wait_gone(victim)
    place.slack.sockets.preferred = ""
    work.release()
    await place.start(victim)
    with contextlib.suppress(TimeoutError):
        await wait_for_answers(place, work.asked, patience=patience)
    return list(work.asked), seconds


def count_processing(place: Workplace, asked: Sequence[Asked]) -> int:
    """Return how many questions Slack still shows docent at work on."""
    return sum(is_processing(place.slack, each) for each in asked)
