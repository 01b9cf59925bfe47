"""All surfaces of an answer: many questions at once, to the real app and the real command line."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main
import yaml

from bot.control.server import ControlServer, RequestExecutor
from bot.control.socket_path import build_socket_path
from bot.slack.client import rate_limit
from bot.slack.views import buttons
from bot.storage.answers import AnswerRecord, Answers
from bot.types import MessageKey
from ingest.settings import IngestSettings
from ingest.state.database import open_state
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.pipeline import Pipeline
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.settings import RagSettings
from rag_core.tuning import Tuning
from rag_core.types import Passage
from tests.bot.command import run
from tests.bot.conftest import SHORT_WAITS, Docent
from tests.bot.fakes import answer
from tests.hostile.attacks import Attack
from tests.rag_core.fakes import HashEmbedder, MemoryStore, ScriptedReranker, make_chunk, publish
from tests.servers.openai import Messages, OpenAIServer
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE, BOT_USER, TEAM, Channel, Message
from tests.servers.slack.switches import Fault

ROOT = Path(__file__).parent.parent.parent
QUESTION = "Where does Milvus store data?"
AT_ONCE = 12
EDITED = 4
"""Each so many-th attack comes by edits that Slack takes; all come by some that it refuses."""

SECONDS = 120.0
TABLE = re.compile(r"-\s*\||\|\s*:?-")
# The footer's, which Slack shows in the reader's time zone.
OWN_DATES = re.compile(r"<!date\^\d+\^\{ago\}\|[\d :-]+ UTC>")


@dataclass
class Shown:
    """What people get of an answer, by the way that it takes.

    Attributes:
        markdown: texts that Slack reads as Markdown.
        mrkdwn: texts that Slack reads as its older markup.
        evidence: the texts of the window over a page that holds the attack.
        terminal: what `docent ask` prints.
        json: the answer in what `docent ask --json` prints.
    """

    markdown: dict[str, list[str]] = field(default_factory=dict)
    mrkdwn: dict[str, list[str]] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)
    terminal: str = ""
    json: str = ""


def show_everywhere(attacks: Sequence[Attack], folder: Path) -> dict[str, Shown]:
    """The answers to all attacks, by their names, from one index."""
    questions = {f"case{number}x": attack for number, attack in enumerate(attacks)}
    with OpenAIServer(lambda messages: _obey(questions, messages)) as llm:
        pipeline = _build_pipeline(llm)
        surfaces = Surfaces(questions)
        asyncio.run(surfaces.ask_in_slack(pipeline, folder))
        surfaces.ask_in_terminal(pipeline, folder)
    return surfaces.shown


def _obey(questions: Mapping[str, Attack], messages: Messages) -> list[str]:
    """What the page tells the LLM to write, in small pieces."""
    mark = re.findall(r"case\d+x", str(messages[-1]["content"]))[-1]
    text = str(questions[mark]["answer"])
    return [text[at : at + 7] for at in range(0, len(text), 7)]


def _build_pipeline(llm: OpenAIServer) -> Pipeline:
    embedder, store = HashEmbedder(), MemoryStore()
    publish(store, embedder, [make_chunk(), make_chunk("Milvus has logs.", position=1)])
    settings = RagSettings.load(openai_api_key=llm.api_key, openai_base_url=llm.base_url)
    return Pipeline(
        embedder=embedder,
        reranker=ScriptedReranker(),
        store=store,
        generator=OpenAIGenerator(settings),
        tuning=Tuning(FusionConfig(depth=10), RerankConfig(depth=4, weight=0.5), passages=3),
    )


class Surfaces:
    """One app and one command line, with an LLM that obeys all attacks.

    Args:
        questions: the attacks, by the word of their question by which the LLM knows them.
    """

    slack: SlackServer
    docent: Docent

    def __init__(self, questions: Mapping[str, Attack]) -> None:
        self.shown = {attack["name"]: Shown() for attack in questions.values()}
        self._questions = questions

    def ask_in_terminal(self, pipeline: Pipeline, folder: Path) -> None:
        """Ask by the command line, which finds the service by its socket."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCENT_MILVUS_URI", str(folder / "data" / "milvus.db"))
            path = build_socket_path(IngestSettings.load())
            assert path is not None
            index = SimpleNamespace(store=MemoryStore())  # no question has a scope
            control = ControlServer(path, RequestExecutor(pipeline, index, None))  # type: ignore[arg-type]
            control.start()
            # Building the commands takes longer than an answer.
            patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
            try:
                for mark, attack in self._questions.items():
                    shown = self.shown[attack["name"]]
                    shown.terminal = run("ask", f"{QUESTION} {mark}")
                    shown.json = json.loads(run("ask", f"{QUESTION} {mark}", "--json"))["answer"]
            finally:
                control.close()

    async def ask_in_slack(self, pipeline: Pipeline, folder: Path) -> None:
        """Ask the question of each attack once for each form of a message."""
        manifest = yaml.safe_load((ROOT / "slack-manifest.yaml").read_text())
        engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
        async with (
            SlackServer(scopes=manifest["oauth_config"]["scopes"]["bot"]) as self.slack,
            AsyncExitStack() as starts,
        ):
            # The local Slack keeps to no rates, so docent need not either.
            patch = starts.enter_context(pytest.MonkeyPatch.context())
            rates = dict.fromkeys(rate_limit.CALLS_A_MINUTE, 1_000_000)
            patch.setattr(rate_limit, "CALLS_A_MINUTE", rates)
            self.slack.ack_seconds = SECONDS  # so many at once are slow on a busy machine
            for name in SHORT_WAITS:  # the fixture that lengthens them begins after this one
                patch.setattr(name, SECONDS)
            self.docent = Docent(self.slack, engine, starts)
            self.docent.pipeline = pipeline  # type: ignore[assignment]
            await self.docent.start(max_open_questions=1_000)
            await self._ask_in_all_forms()
        engine.dispose()

    async def _ask_in_all_forms(self) -> None:
        store = self.slack.store
        await self._ask_each("streamed", self._mention)
        await self._ask_each("private", self._command)
        await self._ask_each("evidence", self._open_evidence, at_once=1)
        self.slack.lack_streaming()
        self.slack.refuse_calls(has_table, Fault("invalid_blocks"))
        await self._ask_each("edited", self._mention, every=EDITED)
        self.slack.accept_calls()
        store.refused_blocks = {"markdown", "section", "context", "actions", "context_actions"}
        await self._ask_each("plain", self._mention)
        self._record_calls()

    async def _ask_each(
        self,
        form: str,
        ask: Callable[[str, Channel], Awaitable[None]],
        *,
        at_once: int = AT_ONCE,
        every: int = 1,
    ) -> None:
        """Ask many at once, each in a channel of its own."""
        slots = asyncio.Semaphore(at_once)

        async def ask_one(mark: str) -> None:
            channel = Channel(f"C{form}{mark}".upper(), form, {ALICE, BOT_USER})
            self.slack.store.channels[channel.id] = channel
            async with slots:
                await ask(mark, channel)
            # The local Slack looks at all messages again and again.
            for key in [key for key in self.slack.store.all if key[0] == channel.id]:
                del self.slack.store.all[key]

        async with asyncio.TaskGroup() as group:
            for mark in list(self._questions)[::every]:
                group.create_task(ask_one(mark))

    async def _mention(self, mark: str, channel: Channel) -> None:
        question = await self.slack.mention(f"{QUESTION} {mark}", channel=channel.id)
        await self.slack.wait_for_reply(question, timeout=SECONDS)
        self._record(mark, channel.name, self.slack.replies(question))

    async def _command(self, mark: str, channel: Channel) -> None:
        """Ask for a private answer, and share it if it can be shared."""
        await self.slack.slash("/docent", f"{QUESTION} {mark}", channel=channel.id)
        private = await self._wait_in(channel, lambda each: each.has_button(buttons.EVIDENCE))
        self._record(mark, "private", [private])
        if private.has_button(buttons.SHARE):
            await self.slack.action(private, buttons.SHARE)
            shared = await self._wait_in(channel, lambda each: not each.visible_to)
            self._record(mark, "shared", [shared])

    async def _open_evidence(self, mark: str, channel: Channel) -> None:
        """Open the evidence of an answer whose page and search hold the attack."""
        attack = self._questions[mark]
        key = MessageKey(TEAM, channel.id, self.slack.store.new_ts())
        text = str(attack["answer"])
        page = Passage(make_chunk(text), 0.5, 0.5)
        found = replace(answer(), citations=(), passages=(page,), query=text)
        record = AnswerRecord(mark, key, key.ts, ALICE, question=text, answer=found)
        Answers(self.docent.engine, days=90).add(record)
        rows = buttons.build_answer_buttons(mark, has_passages=True, can_escalate=False)
        blocks = [row.to_dict() for row in rows]
        message = self.slack.store.add(Message(channel.id, key.ts, BOT_USER, blocks=blocks))
        views = self.slack.store.views
        before = len(views)
        await self.slack.action(message, buttons.EVIDENCE)
        await self.slack.wait_for(lambda: len(views) > before, timeout=SECONDS)
        texts = list_texts(views[f"V{before}"]["blocks"], "mrkdwn")
        self.shown[attack["name"]].evidence = texts

    async def _wait_in(self, channel: Channel, is_meant: Callable[[Message], bool]) -> Message:
        return await self.slack.wait_for_message(
            lambda each: each.channel == channel.id and each.by_bot and is_meant(each),
            timeout=SECONDS,
        )

    def _record(self, mark: str, form: str, messages: Sequence[Message]) -> None:
        blocks = [each.stream_blocks + each.blocks for each in messages]
        markdown = [each.markdown for each in messages] + list_texts(blocks, "markdown")
        mrkdwn = [each.text for each in messages] + list_texts(blocks, "mrkdwn")
        self._add_texts(mark, form, markdown, mrkdwn)

    def _record_calls(self) -> None:
        """Record each form in which a message was sent, also those that Slack refused."""
        for call in self.slack.calls():
            mark = str(call.arguments.get("channel", "")).lower().removeprefix("cplain")
            blocks = call.arguments.get("blocks") or []
            blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
            if mark in self._questions:
                mrkdwn = [str(call.arguments.get("text", "")), *list_texts(blocks, "mrkdwn")]
                self._add_texts(mark, "plain", list_texts(blocks, "markdown"), mrkdwn)

    def _add_texts(self, mark: str, form: str, markdown: list[str], mrkdwn: list[str]) -> None:
        shown = self.shown[self._questions[mark]["name"]]
        for texts, more in ((shown.markdown, markdown), (shown.mrkdwn, mrkdwn)):
            own = (OWN_DATES.sub("", text) for text in more if text)
            texts[form] = list(dict.fromkeys([*texts.get(form, ()), *own]))


def has_table(_method: str, call: Mapping[str, Any]) -> bool:
    """Whether a call of the Web API holds a table in Markdown."""
    return TABLE.search(str(call.get("blocks", ""))) is not None


def list_texts(node: Any, kind: str) -> list[str]:
    """The texts of a kind in blocks, in their order."""
    if isinstance(node, list):
        return [text for child in node for text in list_texts(child, kind)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if node.get("type") == kind else []
    return own + [text for child in node.values() for text in list_texts(child, kind)]
