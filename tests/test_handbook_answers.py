"""docent answers questions about docent from its handbook, and the answers hold facts of the code.

The questions are in users' words. Without an LLM docent quotes the handbook, so a wrong answer
comes from a page that says too little, or from a search that finds another page.
"""

from __future__ import annotations

import os
import re
import signal
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest
import typer
import yaml
from babel.core import Locale

from bot import cli
from bot.app_parts import Intervals
from bot.conversation.history import MAX_CHARACTERS, MAX_TURNS
from bot.health.metrics import Metrics
from bot.slack.client.transport import EVENTS_PATH
from bot.slack.inbox.file_reader import MAX_TEXT_BYTES, MAX_TEXTS
from bot.slack.inbox.messages import EDIT_SECONDS
from bot.texts import answers
from ingest.changes.survey import MOST_LOST
from ingest.cron import Cron, parse_schedule
from ingest.factory import open_indexer
from ingest.loading.reading import PAGE_SECONDS
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.sources.archive.reader import MAX_ENTRIES
from rag_core.factory import open_models, open_pipeline, open_store
from rag_core.generation.instructions import MAX_CHANNEL_INSTRUCTIONS, MAX_INSTRUCTIONS
from rag_core.pipeline import MAX_QUESTION_CHARACTERS, Pipeline
from rag_core.settings import RagSettings
from rag_core.types import Question
from tests.conftest import ROOT
from tests.handbook import DOCS, default, settings, variable

WORDS = {"5": "five", "10": "ten", "60": "an hour"}
"""How a number may be written instead."""


GROUP = typer.main.get_command(cli.app)
assert isinstance(GROUP, typer.core.TyperGroup)
COMMANDS = GROUP.commands


@dataclass(frozen=True)
class Fact:
    """Words that stand together in one line of an answer: a paragraph, an item, a table's row."""

    words: tuple[str, ...]

    def stands_in(self, text: str) -> bool:
        """True if a line has all of the words, each of them whole."""
        lines = re.sub(r"(?<=\d),(?=\d{3})", "", text).split("\n")
        patterns = [write_pattern(word) for word in self.words]
        return any(all(pattern.search(line) for pattern in patterns) for line in lines)


def write_pattern(word: str) -> re.Pattern[str]:
    """A pattern of a whole word; of a number also as it is written out."""
    written = "|".join(re.escape(each) for each in (word, WORDS.get(word)) if each)
    return re.compile(rf"(?<![\w.-])(?:{written})(?![\w-]|\.\d)", re.IGNORECASE)


def say(*words: object) -> Fact:
    return Fact(tuple(str(word) for word in words))


def default_of(name: str) -> Fact:
    """A setting and its default."""
    return say(name, default(settings()[name]))


def each(names: list[str]) -> list[Fact]:
    found = [say(name) for name in names]
    assert found
    return found


def option(name: str, *options: str) -> tuple[str, ...]:
    """Options that a command has."""
    known = {word for parameter in COMMANDS[name].params for word in parameter.opts}
    assert set(options) <= known
    return options


def command(name: str, *options: str) -> Fact:
    """A command with its options, which it must have."""
    return say(" ".join(("docent", name, *option(name, *options))))


def find_schedule() -> Fact:
    """When the documentation is read again by default."""
    timezone = default(settings()["DOCENT_TIMEZONE"])
    schedule = parse_schedule(default(settings()["DOCENT_SYNC_SCHEDULE"]), timezone)
    assert isinstance(schedule, Cron)
    (hour,), (minute,) = schedule.hours, schedule.minutes
    return say(f"{hour:02}:{minute:02}", timezone)


def find_daily_limit() -> Fact:
    assert default(settings()["DOCENT_DAILY_QUESTIONS"]) == "0"  # any number
    return say("DOCENT_DAILY_QUESTIONS", "off")


def find_word_for_no_schedule() -> Fact:
    assert parse_schedule("off", "UTC") is None
    return say("off", "schedule")


def find_consequence() -> Fact:
    """The end of the note of an answer without its LLM."""
    _, _, consequence = answers.DEGRADED["llm_failed"].partition(", so this ")
    return say(consequence.rstrip("."))


def list_commands() -> list[Fact]:
    return each(list(COMMANDS))


def list_slash_commands() -> list[Fact]:
    return each(re.findall(r"^• `(/docent \w+)`", answers.HELP, re.MULTILINE))


def list_scopes() -> list[Fact]:
    manifest = yaml.safe_load((ROOT / "slack-manifest.yaml").read_text())
    return each(manifest["oauth_config"]["scopes"]["bot"])


def list_metrics() -> list[Fact]:
    names = re.findall(r"^# TYPE (\w+)", Metrics().render().decode(), re.MULTILINE)
    return each([name for name in names if not name.endswith("_created")])


def list_languages() -> list[Fact]:
    texts = resources.files("bot.texts").iterdir()
    languages = [Path(file.name).stem for file in texts if file.name.endswith(".toml")]
    return each([str(Locale.parse(language).get_display_name("en")) for language in languages])


def find_python() -> Fact:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return say("Python", project["requires-python"].removeprefix(">="))


def find_milvus() -> Fact:
    """The oldest Milvus that has the word search, as the code warns of older ones."""
    code = (ROOT / "rag_core" / "index" / "milvus_reader.py").read_text()
    (oldest,) = re.findall(r"is older than ([\d.]+) and", code)
    return say(f"Milvus {oldest}")


def find_health_port() -> Fact:
    ports = re.findall(r"DOCENT_HEALTH_PORT=(\d+)", (ROOT / "Dockerfile").read_text())
    return say("port", *ports)


FACTS: dict[str, list[Fact]] = {
    "When does docent read my documentation again?": [find_schedule()],
    "who can run reindex in slack?": [say("DOCENT_ADMINS")],
    "how do I undo a re-index?": [say("/docent rollback")],
    "Which scopes does the Slack app need?": list_scopes(),
    "what permissions does the bot ask for in slack?": list_scopes(),
    "What happens when the LLM is down?": [say(answers.DEGRADED["llm_failed"])],
    "what happens if openai is down?": [find_consequence()],
    "what is the default LLM?": [say(default(settings()["DOCENT_LLM_MODEL"]))],
    "Which gpt model does it use out of the box?": [say(default(settings()["DOCENT_LLM_MODEL"]))],
    "How many characters may a question have?": [say(MAX_QUESTION_CHARACTERS, "characters")],
    "How long are my questions stored?": [default_of("DOCENT_KEEP_DAYS")],
    "How many questions can one person have open at the same time?": [
        default_of("DOCENT_MAX_OPEN_QUESTIONS")
    ],
    "How many questions can wait in line?": [default_of("DOCENT_MAX_WAITING")],
    "Is there a daily limit of questions per person?": [find_daily_limit()],
    "Where is the index stored by default?": [default_of("DOCENT_MILVUS_URI")],
    "Which embedding model is the default?": [default_of("DOCENT_EMBEDDING_MODEL")],
    "which reranker does the qwen3 profile have?": [default_of("DOCENT_RERANKER_MODEL")],
    "How big may a download be?": [default_of("DOCENT_DOWNLOAD_MAX_MB")],
    "How long may a download take?": [default_of("DOCENT_DOWNLOAD_MAX_MINUTES")],
    "How many pages can disappear before a sync refuses to publish?": [
        say(f"{MOST_LOST * 100:.0f} %")
    ],
    "How do I start syncing again after a rollback?": [command("index", "--resume")],
    "how do I go back to the previous version?": [command("rollback")],
    "How do I delete everything docent knows about a person?": [command("forget")],
    "can I get the feedback as csv?": [say(*option("feedback", "--csv"))],
    "What does exit code 130 mean?": [say(128 + signal.SIGINT, "Ctrl-C")],
    "Which version of Python do I need?": [find_python()],
    "what happens if I edit my question?": [say(f"{EDIT_SECONDS / 60:.0f}", "minutes")],
    "does it read log files I upload?": [say(MAX_TEXTS, f"{MAX_TEXT_BYTES // 1024} KB")],
    "What does docent say when it finds nothing?": [say(answers.NOT_FOUND)],
    "Does docent speak German?": list_languages(),
    "how do I stop docent?": [say(f"{Intervals().grace_seconds:.0f} seconds")],
    "How long may our instructions to the LLM be?": [say(MAX_INSTRUCTIONS, "characters")],
    "how long may channel instructions be?": [say(MAX_CHANNEL_INSTRUCTIONS, "characters")],
    "How many golden questions may a new version lose?": [default_of("DOCENT_GOLDEN_MARGIN")],
    "What request URL do I enter for HTTP mode?": [say(f"https://your.host{EVENTS_PATH}")],
    "Who is told when a sync fails?": [say("DOCENT_ADMIN_CHANNEL")],
    "what happens to questions asked while docent is down?": [
        default_of("DOCENT_CATCH_UP_MINUTES")
    ],
    "may guests ask questions?": [say("DOCENT_ALLOW_EXTERNAL")],
    "which metrics are there?": list_metrics(),
    "which slash commands are there?": list_slash_commands(),
    "How many entries may a zip file have?": [say(MAX_ENTRIES, "entries")],
    "What happens to a PDF that takes forever to read?": [say(f"{PAGE_SECONDS:.0f} seconds")],
    "which port does the docker image use for its health check?": [find_health_port()],
    "Which commands does the command line have?": list_commands(),
    "how many messages of the thread does it read?": [say(MAX_TURNS, MAX_CHARACTERS)],
    "how do I turn the schedule off?": [find_word_for_no_schedule()],
    "which time zone does the schedule use?": [default_of("DOCENT_TIMEZONE")],
    "can I use postgres for the state?": [say("DOCENT_STATE_URL", "PostgreSQL")],
    "Does it remember what I asked before?": [say(MAX_TURNS, MAX_CHARACTERS)],
    "which milvus version should the server have?": [find_milvus()],
}

# Where the demo's question and those that people ask first lead, by the heading of the section.
SECTIONS = {
    variable("Q"): "How does docent keep its index fresh?",
    "Who may re-index?": "Who may re-index?",
    "How do I set up Slack?": "How do I set up Slack?",
    "What happens when the LLM is down?": "What happens when the LLM is down?",
    "Which Milvus should I use?": "Which Milvus should I use?",
}


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The whole handbook, indexed once, with the starter profile and no LLM."""
    folder = tmp_path_factory.mktemp("handbook")
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(("DOCENT_", "OPENAI_"))]:
            environment.delenv(name)
        environment.chdir(folder)
        rag = RagSettings.load(profile="starter", milvus_uri=str(folder / "handbook.db"))
        ingest = IngestSettings.load(milvus_uri=rag.milvus_uri)
    store, models = open_store(rag, create=True), open_models(rag)
    try:
        lane = models.inference.indexing
        open_indexer(ingest, store=store, embedder=lane).sync(parse_sources(str(DOCS)))
        yield open_pipeline(rag, models, store)
    finally:
        models.close()
        store.close()


@pytest.mark.parametrize(("question", "facts"), FACTS.items())
def test_an_answer_has_the_fact(handbook: Pipeline, question: str, facts: list[Fact]):
    text = handbook.answer(Question(question)).text
    missing = [fact.words for fact in facts if not fact.stands_in(text)]
    assert not missing, text


@pytest.mark.parametrize(("question", "section"), SECTIONS.items())
def test_the_demo_answers_from_the_right_section(handbook: Pipeline, question: str, section: str):
    answer = handbook.answer(Question(question))
    assert answer.passages[0].chunk.headings[-1] == section
    assert answer.citations[0].number == 1
