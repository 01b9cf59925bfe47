"""The gate of admin commands."""

from types import SimpleNamespace

import pytest

from bot.slack.actions.admin_gate import AdminGate
from bot.slack.actions.commands import SlashCommand
from bot.texts import answers
from bot.types import Asker
from ingest.errors import StateError

COMMAND = SlashCommand("dance now", "U1", "C1")


class Admins:
    """A gate that names one admin, until somebody changes that."""

    def __init__(self, *users: str) -> None:
        self.users = set(users)

    async def is_admin(self, person: Asker) -> bool:
        return person.user in self.users


@pytest.fixture
def entries() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def audit(entries):
    return SimpleNamespace(record=lambda entry: entries.append((entry.command, entry.result)))


async def run(gate: AdminGate, action) -> list[str]:
    said: list[str] = []

    async def respond(text: str) -> None:
        said.append(text)

    await gate.restrict(action)(COMMAND, respond)
    return said


async def dance(_command, respond) -> str:
    await respond("dancing")
    return "danced"


async def test_the_right_is_looked_up_when_it_is_used(audit, entries):
    people = Admins("U1")
    gate = AdminGate(people, audit)
    assert await run(gate, dance) == ["dancing"]
    people.users.clear()
    assert await run(gate, dance) == [answers.ADMINS_ONLY]
    assert entries == [("dance now", "danced"), ("dance now", "refused")]


@pytest.mark.parametrize(
    ("error", "result"),
    [(StateError("full"), "failed: full"), (ZeroDivisionError(), "failed unexpectedly")],
)
async def test_a_failure_is_recorded_and_goes_on(audit, entries, error, result):
    async def fall(_command, _respond) -> str:
        raise error

    with pytest.raises(type(error)):
        await run(AdminGate(Admins("U1"), audit), fall)
    assert entries == [("dance now", result)]
