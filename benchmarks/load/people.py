"""People, their channels, and when each of them asks what."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.slack.store import BOT_USER, Channel, Store

_HEADING = re.compile(r"^##+ (.+\?)$", re.MULTILINE)


@dataclass(frozen=True)
class Plan:
    """One question: after how many seconds, by whom, where, and its text."""

    at: float
    user: str
    channel: str
    text: str


SEED = 0


def plan_questions(
    texts: Sequence[str], *, count: int, seconds: float, people: int, channels: int
) -> list[Plan]:
    """Return questions at random moments, each with a number of its own, in order.

    Args:
        texts: asked in turns.
        count: of all questions.
        seconds: in which they are asked.
        people: who ask in turns.
        channels: each person has one.

    Returns:
        The questions, the first one first.
    """
    moments = random.Random(SEED)
    times = sorted(moments.uniform(0, seconds) for _ in range(count))
    return [
        Plan(
            at,
            user=f"U0PERSON{number % people}",
            channel=f"C0CHANNEL{number % people % channels}",
            text=f"<@{BOT_USER}> {texts[number % len(texts)]} (item {number + 1})",
        )
        for number, at in enumerate(times)
    ]


def move_in(store: Store, plans: Sequence[Plan]) -> None:
    """Give the workspace the people and channels of the questions."""
    for plan in plans:
        store.users.setdefault(plan.user, plan.user.lower())
        store.locales.setdefault(plan.user, "en-US")
        channel = store.channels.setdefault(
            plan.channel, Channel(plan.channel, plan.channel.lower(), {BOT_USER})
        )
        channel.members.add(plan.user)


def read_questions(folder: Path) -> list[str]:
    """Return the headings of Markdown pages that are questions."""
    pages = sorted(folder.glob("*.md"))
    return [heading for page in pages for heading in _HEADING.findall(page.read_text())]
