"""A newcomer's way: `docent init`, `docent doctor`, `docent index`, `docent ask`."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.setup.env_file import parse_env
from bot.slack.doctor import SCOPES
from rag_core.settings import DEFAULT_LLM
from tests.conftest import ROOT
from tests.servers.openai import API_KEY, OpenAIServer
from tests.servers.slack.server import SlackServer

PAGE = "# Limits\n\n## Which port does the server use?\n\nThe server listens on port 8080.\n"
SECONDS = 60
START = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C reaches the process
from bot.cli import main
main()
"""


@pytest.fixture(autouse=True)
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "limits.md").write_text(PAGE)
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def written() -> dict[str, str]:
    return parse_env(Path(".env").read_text())


def test_from_an_empty_folder_to_an_answer():
    ran = run("init", "--sources", "docs", "--profile", "starter", "--yes")
    assert ran.exit_code == 0, ran.output
    assert "ok    source: docs: 1 file" in ran.stdout
    assert ran.stdout.endswith("Next: docent index\n")
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    assert written() == {"DOCENT_SOURCES": "docs", "DOCENT_PROFILE": "starter"}
    before = {line["name"]: line for line in json.loads(run("doctor", "--json").stdout)}
    assert not before["Milvus"]["is_set_up"]
    assert run("index").exit_code == 0
    answer = run("ask", "Which port does the server use?")
    assert "> The server listens on port 8080." in answer.stdout
    after = run("doctor")
    assert after.exit_code == 0, after.output
    assert "ok    Milvus: data/milvus.db answers, and the live index has 1 chunk" in after.stdout
    assert "-     LLM: not set up" in after.stdout


def test_what_is_missing_is_one_sentence_and_nothing_is_written():
    ran = run("init")
    assert str(ran.exception).endswith("needs --sources and --profile (or --embedding-url).")
    ran = run("init", "--sources", "nowhere", "--profile", "starter", "--yes")
    assert "wrong source: nowhere: There is no file or directory" in ran.stdout
    assert str(ran.exception).startswith("Nothing was written, because 1 check failed")
    assert run("init", "--set", "DOCENT_NOPE=1").exit_code == 2
    assert not Path(".env").exists()


def test_what_is_there_is_replaced_only_with_yes(monkeypatch: pytest.MonkeyPatch):
    Path(".env").write_text("# mine\nDOCENT_SOURCES=docs\nDOCENT_PROFILE=starter\nOTHER=1\n")
    Path(".env").chmod(0o600)
    changed = ("init", "--profile", "qwen3", "--set", "DOCENT_TIMEZONE=Europe/Berlin", "--no-check")
    assert str(run(*changed).exception).startswith(".env has DOCENT_PROFILE already: add --yes")
    assert "DOCENT_PROFILE=starter" in Path(".env").read_text()
    monkeypatch.setenv("DOCENT_TIMEZONE", "UTC")
    ran = run(*changed, "--yes")
    assert ran.exit_code == 0, ran.output
    assert "DOCENT_TIMEZONE is set in the environment, too" in ran.stderr
    lines = ("# mine", "DOCENT_SOURCES=docs", "DOCENT_PROFILE=qwen3", "OTHER=1")
    assert Path(".env").read_text().splitlines() == [*lines, "DOCENT_TIMEZONE=Europe/Berlin"]


def test_the_llm_is_tried(openai_server: OpenAIServer):
    llm = ("--llm-url", openai_server.base_url, "--llm-key", API_KEY)
    sources = ("--sources", "docs", "--profile", "starter", "--yes")
    ran = run("init", *sources, *llm, "--llm-model", "none-such")
    assert "wrong DOCENT_LLM_MODEL none-such" in ran.stdout
    assert "The server does not list none-such" in ran.stdout
    assert not Path(".env").exists()
    ran = run("init", *sources, *llm, "--llm-model", DEFAULT_LLM)
    assert ran.exit_code == 0, ran.output
    assert written()["OPENAI_API_KEY"] == API_KEY
    assert API_KEY not in ran.output
    assert run("doctor", "--llm").exit_code == 0


async def test_slack_is_tried(slack_server: SlackServer, monkeypatch: pytest.MonkeyPatch):
    slack_server.scopes = set(SCOPES)
    monkeypatch.setenv("SLACK_API_URL", slack_server.base_url)
    words = ["init", "--sources", "docs", "--profile", "starter", "--yes", "--slack-bot-token"]
    tokens = [slack_server.bot_token, "--slack-app-token"]
    ran = await asyncio.to_thread(run, *words, *tokens, "xapp-other")
    assert "wrong app token" in ran.stdout
    assert ran.exit_code == 1
    ran = await asyncio.to_thread(run, *words, *tokens, slack_server.app_token)
    assert ran.exit_code == 0, ran.output
    assert written()["SLACK_APP_TOKEN"] == slack_server.app_token
    assert slack_server.app_token not in ran.output
    assert slack_server.calls("chat.postMessage") == []
    checks = await asyncio.to_thread(run, "doctor")
    assert (checks.exit_code, "ok    scopes" in checks.stdout) == (0, True), checks.output


def test_doctor_names_what_is_wrong_with_settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCENT_PROFILE", "huge")
    monkeypatch.setenv("DOCENT_HTTP_PORT", "none")
    monkeypatch.setenv("DOCENT_LOG_FORMAT", "xml")
    ran = run("doctor")
    assert ran.exit_code == 1
    names = [line.split()[2] for line in ran.stdout.splitlines() if line.startswith("wrong")]
    assert names == ["DOCENT_PROFILE", "DOCENT_HTTP_PORT", "DOCENT_LOG_FORMAT"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no modes of files")
def test_doctor_says_once_that_others_can_read_the_settings():
    Path(".env").write_text("")
    Path(".env").chmod(0o644)
    ran = run("doctor")
    assert "wrong settings: .env can be read by other users" in ran.stdout
    assert ran.output.count("chmod 600 .env") == 1


def test_serve_names_a_missing_token_before_it_loads_anything_heavy():
    code = (
        "import sys; sys.argv = ['docent', 'serve']\n"
        "from bot.cli import main\n"
        "try: main()\n"
        "finally: print(*{'torch', 'pymilvus', 'slack_bolt'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip()) == (1, "")
    assert "SLACK_BOT_TOKEN is not set" in ran.stderr


class Terminal:
    """`docent init` on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self.shown = ""
        self._read = 0
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "init"],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TERM": "dumb", "COLUMNS": "200"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, and type an answer."""
        while question not in self.shown[self._read :]:
            assert self._read_more(), self.shown
        self._read = self.shown.index(question, self._read) + len(question)
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read the rest; the exit code."""
        while self._read_more():
            pass
        return self.process.wait(SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)
        os.close(self._master)

    def _read_more(self) -> bool:
        assert select.select([self._master], [], [], SECONDS)[0], self.shown
        try:
            data = os.read(self._master, 4096)
        except OSError:  # the other side is closed
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def test_a_person_is_asked_and_sees_what_is_written(
    terminal: Terminal, openai_server: OpenAIServer
):
    terminal.answer("Where is your documentation? [docs]", "nowhere\n")
    terminal.answer("Ask again?", "\n")
    terminal.answer("Where is your documentation? [docs]", "\n")
    terminal.answer("Which models? [1]", "9\n")
    terminal.answer("Type a number from 1 to 3.", "")
    terminal.answer("Which models? [1]", "starter\n")
    terminal.answer("Who writes the answers? [3]", "2\n")
    terminal.answer("Base URL", openai_server.base_url + "\n")
    # The blank comes when the terminal shows nothing of what is typed; before, it is thrown away.
    terminal.answer("Its key, Enter for none (not shown): ", API_KEY + "\n")
    terminal.answer(f"Which model? [{DEFAULT_LLM}]", "1\n")
    terminal.answer("Set up Slack now?", "n\n")
    terminal.answer("Write it?", "\n")
    assert terminal.end() == 0
    assert "Next: docent index" in terminal.shown
    assert API_KEY not in terminal.shown
    assert written() == {
        "DOCENT_SOURCES": "docs",
        "DOCENT_PROFILE": "starter",
        "OPENAI_BASE_URL": openai_server.base_url,
        "OPENAI_API_KEY": API_KEY,
        "DOCENT_LLM_MODEL": DEFAULT_LLM,
    }


def test_a_wrong_address_of_a_model_server_is_asked_for_again(terminal: Terminal):
    terminal.answer("Where is your documentation? [docs]", "docs\n")
    terminal.answer("Which models? [1]", "server\n")
    terminal.answer("Address of the embedding server", "localhost:no-port\n")
    terminal.answer("Its key, Enter for none (not shown): ", "\n")
    terminal.answer("Its model", "\n")
    terminal.answer("Address of the rerank server", "-\n")
    terminal.answer("DOCENT_EMBEDDING_URL is not an address", "")
    terminal.answer("Which models? [3]", "\n")
    terminal.answer("Address of the embedding server", "\x03")
    assert terminal.end() == 130


def test_ctrl_c_writes_nothing(terminal: Terminal):
    terminal.answer("Where is your documentation? [docs]", "docs\n")
    terminal.answer("Which models? [1]", "\x03")
    assert terminal.end() == 130
    assert "Stopped. Nothing was written." in terminal.shown
    assert not Path(".env").exists()
