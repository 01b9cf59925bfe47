"""Attacks on the prompt: texts of people and pages that try to end their part of it."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from bot.storage.channel_instructions import ChannelInstructions
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.pipeline import Pipeline
from rag_core.query.rewrite import REWRITE_PROMPT
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.settings import RagSettings
from rag_core.tuning import Tuning
from tests.bot.conftest import Docent
from tests.hostile.attacks import Attack, each_attack
from tests.rag_core.fakes import (
    HashEmbedder,
    MemoryStore,
    ScriptedReranker,
    make_chunk,
    publish,
)
from tests.servers.openai import OpenAIServer, Request
from tests.servers.slack.store import BOB, GENERAL, TEAM

QUESTION = "What does Attu show?"
TAGS = (
    "passages",
    "quoted_material",
    "team_instructions",
    "channel_instructions",
    "team_glossary",
    "conversation",
)
ROLES = (
    *("<|im_start|>", "<|im_end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    *("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("<|start|>", "<|channel|>", "<|message|>", "<|endoftext|>", "<|start_of_turn_token|>"),
    *("<|user|>", "<|assistant|>", "<start_of_turn>", "<end_of_turn>", "<<sys>>", "<</sys>>"),
    *("<s>", "</s>", "<bos>", "<eos>", "[inst]", "[/inst]", "[system_prompt]", "[gmask]"),
    *("[available_tools]", "[tool_results]", "<tool_response>", "<|turn>", "<turn|>"),
    *("<|tool_call>", "<tool_call|>", "<|channel>", "<channel|>", "]~b]", "]~!b[", "[e~["),
    *("<seed:bos>", "<seed:eos>", "<minimax:tool_call>", "[think]", "[/think]", "[|system|]"),
)
"""In small letters."""
PROMPT = re.compile(
    r"<passages>\n(?P<passages>.*)\n</passages>\n\n"
    r"(?:<quoted_material>\n(?P<material>.*)\n</quoted_material>\n\n)?Question: (?P<question>.*)",
    re.DOTALL,
)
REWRITING = re.compile(
    r"<conversation>\n(?P<conversation>.*)\n</conversation>\n\n"
    r"(?:<quoted_material>\n(?P<material>.*)\n</quoted_material>\n\n)?Last message: (?P<last>.*)",
    re.DOTALL,
)


def build_pipeline(server: OpenAIServer, passage: str) -> Pipeline:
    """The real pipeline over a small index, with an LLM behind HTTP."""
    store, embedder = MemoryStore(), HashEmbedder()
    pages = (f"Attu shows collections. {passage}", "Logs go to a broker.", "Attu shows users.")
    chunks = [make_chunk(text, path=f"{n}.md", title=text) for n, text in enumerate(pages)]
    publish(store, embedder, chunks)
    settings = RagSettings.load(openai_api_key=server.api_key, openai_base_url=server.base_url)
    return Pipeline(
        embedder=embedder,
        reranker=ScriptedReranker(),
        store=store,
        generator=OpenAIGenerator(settings),
        tuning=Tuning(FusionConfig(), RerankConfig(depth=20, weight=1.0)),
    )


async def ask(docent: Docent, attack: Attack) -> None:
    """Ask in Slack, with the attack's text in its place."""
    question = QUESTION
    match attack["place"]:
        case "question":
            question = f"{html.escape(attack['text'], quote=False)} {QUESTION}"
        case "name":
            docent.slack.store.users[BOB] = attack["text"]
            question = f"<@{BOB}> wants to know: {QUESTION}"
        case "channel":
            instructions = ChannelInstructions(docent.engine)
            instructions.set_instructions(TEAM, GENERAL, attack["text"], user=BOB)
    said = await docent.slack.mention(question, **place_text(docent, attack))
    await docent.slack.wait_for_reply(said, containing="Attu shows collections")


def place_text(docent: Docent, attack: Attack) -> dict[str, Any]:  # noqa: PLR0911  (the places)
    """Put the text beside the question; return what belongs to the question's message."""
    slack, text = docent.slack, attack["text"]
    sent = html.escape(text, quote=False)  # as Slack sends what people type
    match attack["place"]:
        case "own message":
            return {"thread_ts": slack.said(sent).ts}
        case "colleague":
            return {"thread_ts": slack.said(sent, user=BOB).ts}
        case "alert":
            return {"thread_ts": slack.said(sent, user="U0APP", bot_id="B0APP").ts}
        case "author":
            return {"attachments": [{"is_share": True, "author_name": text, "text": "It is slow."}]}
        case "forwarded":
            return {"attachments": [{"is_share": True, "author_name": "Bob", "text": sent}]}
        case "file":
            return share(slack.share("node.log", text.encode()))
        case "file name":
            return share(slack.share("x.log", b"It is slow.") | {"name": text})
    return {}


def share(file: dict[str, Any]) -> dict[str, Any]:
    return {"files": [file], "subtype": "file_share"}


@each_attack("prompts")
async def test_a_prompt_keeps_its_parts(
    docent: Docent, openai_server: OpenAIServer, attack: Attack
):
    openai_server.reply = reply
    docent.pipeline = build_pipeline(  # type: ignore[assignment]
        openai_server, attack["text"] if attack["place"] == "passage" else ""
    )
    await docent.start()
    await ask(docent, attack)
    assert openai_server.requests
    for request in openai_server.requests:
        check_request(request)
    read = "\n".join(read_texts(openai_server.requests[-1]))
    assert [word for word in attack.get("kept", []) if word not in read] == []


def reply(messages: list[dict[str, Any]]) -> str:
    is_rewriting = messages[0]["content"] == REWRITE_PROMPT
    return QUESTION if is_rewriting else "Attu shows collections 【1】."


def check_request(request: Request) -> None:
    """Check that only docent's own tags, numbers and roles are in a request."""
    roles = [message["role"] for message in request.messages]
    assert roles[0] == "system"
    assert roles[-1] == "user"
    assert set(roles[1:]) <= {"user", "assistant"}
    system, *turns, last = read_texts(request)
    if system == REWRITE_PROMPT:
        check_rewriting(last)
    else:
        check_answering(last, turns)
    for tag in TAGS:
        live = [count_tags(text, tag) for text in (*turns, last)]
        assert sum(live) in (0, 2), (tag, live)
        assert count_tags(system, tag) <= 4  # the rules name a tag as well
        assert fold(system).count(f"</{tag}>") <= 1
    assert [role for role in ROLES if role in fold("\n".join((system, *turns, last)))] == []


def check_rewriting(prompt: str) -> None:
    match = REWRITING.fullmatch(prompt)
    assert match is not None
    lines = match["conversation"].splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert all(head.startswith(("user: ", "assistant: ")) or not head for head in heads)
    assert len(heads) <= 1  # there is one earlier message at most


def check_answering(prompt: str, turns: list[str]) -> None:
    match = PROMPT.fullmatch(prompt)
    assert match is not None
    numbers = list_numbers(match["passages"])
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert len(numbers) <= 3
    people = "\n".join((match["material"] or "", match["question"], *turns))
    assert list_numbers(people) == []


def list_numbers(text: str) -> list[str]:
    """The numbers that stand in docent's brackets."""
    return re.findall(r"【\s*(\d+)\s*】", fold(text))


def count_tags(text: str, tag: str) -> int:
    return len(re.findall(rf"</?{tag}(?![\w-])", fold(text)))


def fold(text: str) -> str:
    """A text as an LLM may see it: in small narrow letters, without what is invisible."""
    narrow = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in narrow if unicodedata.category(each) not in ("Cf", "Mn"))


def read_texts(request: Request) -> Iterator[str]:
    """The texts of all messages, pictures left out."""
    for message in request.messages:
        content = message["content"]
        parts = content if isinstance(content, list) else [{"text": content}]
        yield "".join(part.get("text", "") for part in parts)


def test_the_check_sees_a_prompt_that_was_broken():
    with pytest.raises(AssertionError):
        check_answering("<passages>\n【1】 a\n\n【3】 b\n</passages>\n\nQuestion: why?", [])
    with pytest.raises(AssertionError):
        check_rewriting("<conversation>\nuser: a\nassistant: b\n</conversation>\n\nLast message: c")
