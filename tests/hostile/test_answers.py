"""Answers of an LLM that obeys a hostile page, through the pipeline, Slack and the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.markup.plain_links import LinkFlattener
from ingest.state.database import open_state
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.pipeline import Pipeline
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.settings import RagSettings
from rag_core.tuning import Tuning
from rag_core.types import Answer, AnswerDone, Question, TextDelta
from tests import live_links
from tests.bot.conftest import Docent
from tests.hostile.attacks import Attack, each_attack, read_attacks
from tests.rag_core.fakes import HashEmbedder, MemoryStore, ScriptedReranker, make_chunk, publish
from tests.servers.openai import OpenAIServer
from tests.servers.slack.server import SlackServer

ROOT = Path(__file__).parent.parent.parent
QUESTION = "Where does Milvus store data?"
KNOWN = ("https://docs.example/en/storage.md", "docs.example", "https://docs.example/%60")


@dataclass(frozen=True)
class Shown:
    """What people get of an answer: Slack's texts, the terminal's, and that of `--json`."""

    slack: list[str]
    mrkdwn: list[str]
    terminal: str
    json: str


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Shown]]:
    """The answers to all attacks, from one app over one index."""
    with OpenAIServer() as llm:
        yield asyncio.run(_ask_all(llm, tmp_path_factory.mktemp("answers")))


async def _ask_all(llm: OpenAIServer, folder: Path) -> dict[str, Shown]:
    manifest = yaml.safe_load((ROOT / "slack-manifest.yaml").read_text())
    pipeline = _build_pipeline(llm)
    engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    answers: dict[str, Shown] = {}
    async with (
        SlackServer(scopes=manifest["oauth_config"]["scopes"]["bot"]) as slack,
        AsyncExitStack() as starts,
    ):
        docent = Docent(slack, engine, starts)
        docent.pipeline = pipeline  # type: ignore[assignment]
        await docent.start()
        for attack in read_attacks("answers"):
            text = str(attack["answer"])
            llm.reply = [text[at : at + 7] for at in range(0, len(text), 7)]
            question = await slack.mention(QUESTION)
            reply = await slack.wait_for_reply(question)
            terminal, answer = await asyncio.to_thread(_ask_in_terminal, pipeline)
            answers[attack["name"]] = Shown([reply.markdown], [reply.text], terminal, answer.text)
    engine.dispose()
    return answers


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


def _ask_in_terminal(pipeline: Pipeline) -> tuple[str, Answer]:
    """Ask as `docent ask` does."""
    flattener, text = LinkFlattener(), ""
    for event in pipeline.stream(Question(QUESTION)):
        if isinstance(event, TextDelta):
            text += flattener.feed(event.text)
    assert isinstance(event, AnswerDone)
    return text + flattener.feed("", last=True), event.answer


def _find_foreign(links: list[str]) -> list[str]:
    return [link for link in links if link.partition("#")[0].rstrip("/") not in KNOWN]


@each_attack("answers")
def test_nothing_leads_out_and_nobody_is_mentioned(attack: Attack, shown: dict[str, Shown]):
    answer = shown[attack["name"]]
    for text in (*answer.slack, answer.json, answer.terminal):
        assert _find_foreign(live_links.find_bare_addresses(text)) == []
    for text in (*answer.slack, answer.json):
        assert _find_foreign(live_links.find_links(text)) == []
    for text in answer.slack:
        assert live_links.find_mentions(text) == []
    for text in answer.mrkdwn:
        assert _find_foreign(live_links.find_mrkdwn_links(text)) == []
        assert live_links.find_mrkdwn_mentions(text) == []


def test_there_are_enough_attacks():
    assert len(read_attacks("answers")) >= 200
