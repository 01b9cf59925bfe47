"""A workspace, an LLM, a model server and an index, with the docents that work there."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.processes import Docent, index_folder
from benchmarks.chaos.questions import PAGE, Asked, render_question, write_answer
from tests.servers.inference import InferenceServer
from tests.servers.openai import OpenAIServer
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import BOT_USER, GENERAL

START_SECONDS = 120.0
WORKERS = 8
"""Questions in work at once in one process; twice the setting, which counts searches."""


@dataclass
class Workplace:
    """The servers, the docents that are connected to them, and the questions so far."""

    slack: SlackServer
    llm: OpenAIServer
    models: InferenceServer
    docents: list[Docent]
    asked: list[Asked] = field(default_factory=list)

    async def start(self, docent: Docent) -> None:
        """Start a docent, and return once it is connected to Slack."""
        await docent.start()
        await self.slack.wait_for(
            lambda: self.slack.sockets.is_connected(docent.name),
            timeout=START_SECONDS,
            what=f"docent {docent.name} to connect\n{docent.log[-3000:]}",
        )

    async def wait_gone(self, docent: Docent) -> None:
        """Return once Slack knows that a docent's connection is lost."""
        await self.slack.wait_for(
            lambda: not self.slack.sockets.is_connected(docent.name), what="a lost connection"
        )

    def say(self, point: str, *, direct: bool | None = None) -> Asked:
        """Put a question into Slack; docent is not told of it.

        Every third is a direct message, if it is not said which are.
        """
        number = len(self.asked) + 1
        user = f"U0PERSON{number}"
        store = self.slack.store
        store.users[user] = user.lower()
        store.locales[user] = "en-US"
        text = render_question(number)
        if direct or (direct is None and number % 3 == 0):
            channel = store.open_direct(user).id
        else:
            channel, text = GENERAL, f"<@{BOT_USER}> {text}"
            store.channels[channel].members.add(user)
        asked = Asked(number, self.slack.said(text, channel=channel, user=user), point)
        self.asked.append(asked)
        return asked

    async def send(self, asked: Asked) -> None:
        """Tell docent of a question; return once it was acknowledged."""
        message = asked.message
        if message.channel == GENERAL:
            await self.slack.mention(message.text, user=message.user, ts=message.ts)
        else:
            await self.slack.dm(message.text, user=message.user, ts=message.ts)


@contextlib.asynccontextmanager
async def open_workplace(
    folder: Path,
    names: Sequence[str],
    *,
    state_url: str = "",
    apart: bool = False,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Workplace]:
    """Index a page, and open a workspace with a docent of each name, none of them started.

    Args:
        folder: for the index, the logs and the state database.
        names: of the docents, which share the workspace and the state database.
        state_url: the state database; SQLite in the folder by default.
        apart: whether the docents can't see each other's processes.
        more: settings of docent, in addition.

    Yields:
        The workplace; its processes are killed at the end.
    """
    with OpenAIServer(write_answer) as llm, InferenceServer() as models:
        async with SlackServer() as slack:
            slack.ack_seconds = START_SECONDS
            settings = _build_settings(slack, llm, models, folder, state_url) | dict(more or {})
            docs = folder / "docs"
            docs.mkdir()
            (docs / "storage.md").write_text(PAGE)
            await index_folder(docs, folder, settings)
            docents = [
                Docent(
                    name,
                    _copy_index(folder, name),
                    {**settings, "SLACK_API_URL": slack.base_url_of(name)},
                    apart=apart,
                )
                for name in names
            ]
            try:
                yield Workplace(slack, llm, models, docents)
            finally:
                await asyncio.gather(*(each.kill() for each in docents if each.process))


def _build_settings(
    slack: SlackServer, llm: OpenAIServer, models: InferenceServer, folder: Path, state_url: str
) -> dict[str, str]:
    return {
        "DOCENT_PROFILE": "starter",
        "DOCENT_EMBEDDING_URL": models.embedding_url,
        "DOCENT_RERANK_URL": models.rerank_url,
        "DOCENT_ABSTENTION": "off",  # the model server's scores mean nothing
        "DOCENT_MAX_QUESTIONS": str(WORKERS // 2),
        "DOCENT_STATE_URL": state_url or f"sqlite:///{folder / 'state.sqlite'}",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "OPENAI_API_KEY": llm.api_key,
        "OPENAI_BASE_URL": llm.base_url,
    }


def _copy_index(folder: Path, name: str) -> Path:
    """Give a docent a folder with an index of its own: Milvus Lite takes one process."""
    own = folder / name
    own.mkdir()
    if (folder / "data").exists():  # else Milvus is a server
        shutil.copytree(folder / "data", own / "data", ignore=shutil.ignore_patterns("*.sock"))
    (own / "data").mkdir(exist_ok=True)
    return own
