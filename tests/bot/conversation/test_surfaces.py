"""Each question is answered where it was asked."""

from __future__ import annotations

from bot.conversation.inbox_writer import Outcome
from bot.conversation.open_question import OpenQuestion
from bot.conversation.surfaces import Surfaces
from bot.storage.inbox_entry import InboxEntry
from bot.types import IncomingMessage, MessageKey, Surface


class Recorder:
    """A surface that notes what reaches it."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle(self, question: OpenQuestion) -> Outcome:
        self.got.append(f"answer {question.entry.message.text}")
        return "answered"

    async def show_place(
        self, message: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        self.got.append(f"{message.text} is number {place}")
        return (*posted, "9.0")

    async def withdraw(self, message: IncomingMessage, posted: tuple[str, ...]) -> None:
        self.got.append(f"remove {' '.join(posted)} of {message.text}")


def ask(surface: Surface) -> IncomingMessage:
    key = MessageKey("T0", "C0", "1.0")
    return IncomingMessage("question", key, "1.0", "U1", "T0", surface, surface=surface)


async def test_each_surface_gets_its_own_questions():
    surfaces, slack, discord = Surfaces(), Recorder(), Recorder()
    surfaces.add("slack", slack)
    names = surfaces.names
    surfaces.add("discord", discord)
    assert list(names) == ["slack", "discord"]  # also those that came later
    entry = InboxEntry("q1", ask("discord"))
    question = OpenQuestion(entry, print, _refuse, free_slot=print)
    assert await surfaces.handle(question) == "answered"
    assert await surfaces.show_place(ask("slack"), 3, ("8.0",)) == ("8.0", "9.0")
    await surfaces.withdraw(ask("slack"), ("8.0", "9.0"))
    assert discord.got == ["answer discord"]
    assert slack.got == ["slack is number 3", "remove 8.0 9.0 of slack"]


async def _refuse(_: OpenQuestion) -> bool:
    raise AssertionError
