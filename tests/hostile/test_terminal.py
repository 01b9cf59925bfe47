"""No text of a page, a person, an LLM or a server commands a terminal, a log or a spreadsheet."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.cli import console
from bot.control.server import ControlServer, RequestExecutor
from bot.control.socket_path import build_socket_path
from bot.storage.answers import AnswerRecord, Answers
from bot.storage.problems import Problems
from bot.storage.ratings import Ratings
from bot.types import MessageKey
from ingest.settings import IngestSettings
from ingest.state.database import open_state
from rag_core.factory import open_models, open_pipeline, open_store
from rag_core.settings import RagSettings
from tests.bot.command import run
from tests.bot.fakes import answer
from tests.hostile.attacks import Attack, each_attack, read_attacks
from tests.servers.openai import API_KEY, OpenAIServer

ATTACKS = read_attacks("terminal")
WIDTH = 4_000
PAGE_PLACES = {"title", "heading", "text", "file"}
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
FORGED = re.compile(r"^(2026-01-01|docent: everything)", re.MULTILINE)


def mark_of(attack: Attack) -> str:
    """A word of each attack's own, by which its page is found and its text is known again."""
    return f"mark{next(n for n, each in enumerate(ATTACKS) if each == attack):03}x"


@dataclass
class Place:
    """An index of hostile pages, with the service that answers from it."""

    folder: Path
    indexed: str
    llm: OpenAIServer
    environment: dict[str, str]


def write_pages(docs: Path) -> None:
    for attack in ATTACKS:
        mark, place = mark_of(attack), attack["place"]
        if place == "broken":
            (docs / f"{mark}{attack['text']}.docx").write_bytes(b"no zip")
        if place not in PAGE_PLACES:
            continue
        parts = dict.fromkeys(PAGE_PLACES, f"{mark} plain") | {place: mark + attack["text"]}
        page = f"# {parts['title']}\n\n## {parts['heading']}\n\n{parts['text']} about {mark}.\n"
        (docs / f"{parts['file'].replace('/', '_')}.md").write_text(page)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "docs").mkdir()
    write_pages(folder / "docs")
    with contextlib.ExitStack() as opened, pytest.MonkeyPatch.context() as patch:
        llm = opened.enter_context(OpenAIServer())
        environment = {
            "DOCENT_PROFILE": "starter",
            "DOCENT_MILVUS_URI": str(folder / "data" / "milvus.db"),
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_BASE_URL": llm.base_url,
            "COLUMNS": str(WIDTH),
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(console.out, "_width", WIDTH)  # they read COLUMNS once, when they are made
        patch.setattr(console.err, "_width", WIDTH)
        indexed = run("--verbose", "index", str(folder / "docs"))
        rag, ingest = RagSettings.load(), IngestSettings.load()
        store, models = open_store(rag), open_models(rag)
        opened.callback(store.close)
        opened.callback(models.close)
        path = build_socket_path(ingest)
        assert path is not None
        pipeline = open_pipeline(rag, models, store)
        index = SimpleNamespace(store=store)  # what a command's scope is checked with
        control = ControlServer(path, RequestExecutor(pipeline, index, None))  # type: ignore[arg-type]
        control.start()
        opened.callback(control.close)
        yield Place(folder, indexed, llm, environment)


@pytest.fixture(autouse=True)
def environment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)


def rate(attack: Attack) -> None:
    mark, text = mark_of(attack), attack["text"]
    engine = open_state(IngestSettings.load().resolved_state_url)
    question = mark + text if attack["place"] == "question" else mark
    comment = text if attack["place"] == "cell" else mark + text
    key = MessageKey("T0", "C0", f"1.{mark}")
    record = AnswerRecord(mark, key, "1.0", "U0", question=question, answer=answer())
    Answers(engine, days=90).add(record)
    Ratings(engine).rate(mark, "U1", "down")
    Ratings(engine).explain(mark, "U1", reason="wrong", comment=comment)
    engine.dispose()


def show(attack: Attack, place: Place) -> list[str]:
    """What each command prints that shows the text of the attack."""
    mark, text = mark_of(attack), attack["text"]
    match attack["place"]:
        case "broken" | "file":  # not read: a line of the report names it
            return [place.indexed]
        case "comment" | "question" | "cell":
            rate(attack)
            return [run("feedback"), run("feedback", "--json"), run("feedback", "--csv")]
        case "problem":
            engine = open_state(IngestSettings.load().resolved_state_url)
            Problems(engine).record(mark, mark + text)
            engine.dispose()
            return [run("status"), run("status", "--json")]
        case "llm":
            place.llm.reply = f"{mark} {text} [1]"
            return [run("ask", f"What is {mark}?"), run("ask", mark, "--json")]
        case "error":
            place.llm.send_document({"error": {"message": mark + text, "type": "x"}})
            return [run("--verbose", "ask", f"What is {mark}?")]
    place.llm.reply = f"All is well with {mark} [1]."
    commands = (
        ["search", mark],
        ["search", mark, "--json"],
        ["ask", mark],
        ["ask", mark, "--json"],
    )
    return [run(*command) for command in commands]


@each_attack("terminal")
def test_nothing_is_obeyed(attack: Attack, place: Place):
    printed = show(attack, place)
    for text in printed:
        assert CONTROLS.search(text) is None
        assert FORGED.search(text) is None
        assert mark_of(attack) in text
    assert attack.get("shows", "") in printed[0]
    if "cell" in attack:
        rows = csv.DictReader(io.StringIO(printed[2], newline=""))
        (row,) = (row for row in rows if row["question"] == mark_of(attack))
        assert row["comment"].startswith(attack["cell"])
