"""Log lines: one for each event, with the question's id, for people and for machines."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from bot.health.logs import PLAIN, LineFormatter, build_json_formatter
from ingest.errors import StateError
from rag_core.errors import BusyError, DocentError
from rag_core.request_id import REQUEST_ID
from tests.conftest import ROOT
from tests.servers.openai import OpenAIServer


def build_record(message: str, *args: object, error: BaseException | None = None):
    exc_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("chat", logging.WARNING, __file__, 1, message, args, exc_info)


def raise_and_catch(error: BaseException) -> BaseException:
    try:
        raise error
    except type(error) as caught:
        return caught


PEOPLE = LineFormatter(logging.Formatter(PLAIN))
MACHINES = LineFormatter(build_json_formatter(), is_json=True)


@pytest.fixture
def request_id():
    token = REQUEST_ID.set("q123")
    yield "q123"
    REQUEST_ID.reset(token)


def test_a_line_names_the_question(request_id: str):
    line = PEOPLE.format(build_record("It took %s s.", 3))
    assert line.endswith(f"WARNING chat: [{request_id}] It took 3 s.")
    parsed = json.loads(MACHINES.format(build_record("It took %s s.", 3)))
    assert parsed.pop("time").endswith("+00:00")
    assert parsed == {
        "level": "WARNING",
        "logger": "chat",
        "message": "It took 3 s.",
        "request_id": request_id,
    }


def test_a_line_outside_of_a_question_names_none():
    assert PEOPLE.format(build_record("docent is connected.")).endswith(
        "chat: docent is connected."
    )
    assert json.loads(MACHINES.format(build_record("docent is connected.")))["request_id"] == ""


@pytest.mark.parametrize(
    "error",
    [
        BusyError(7),
        StateError("The state database is\nfull."),
        DocentError("No."),
        SlackApiError("It failed.\n", {"ok": False, "error": "is_archived"}),
        aiohttp.ServerDisconnectedError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_expected_error_is_one_line(error: Exception):
    record = build_record("A question got no answer.", error=raise_and_catch(error))
    line = PEOPLE.format(record)
    assert "\n" not in line
    words = " ".join(str(error).split())
    assert line.endswith(f"A question got no answer. {type(error).__name__}: {words}")
    parsed = json.loads(MACHINES.format(record))
    assert parsed["error"] == f"{type(error).__name__}: {words}"
    assert "exception" not in parsed


def test_an_unexpected_error_keeps_its_traceback():
    record = build_record("It failed.", error=raise_and_catch(KeyError("secret")))
    assert "Traceback" in PEOPLE.format(record)
    parsed = json.loads(MACHINES.format(record))
    assert "raise_and_catch" in parsed["exception"]
    assert parsed["error"] == "KeyError: 'secret'"


def test_with_tracebacks_an_expected_error_has_one_too():
    verbose = LineFormatter(logging.Formatter(PLAIN), with_tracebacks=True)
    record = build_record("It failed.", error=raise_and_catch(DocentError("No.")))
    assert "Traceback" in verbose.format(record)


def test_other_handlers_get_the_record_as_it_was():
    error = raise_and_catch(DocentError("No."))
    record = build_record("It failed %s.", "twice", error=error)
    before = dict(vars(record))
    PEOPLE.format(record)
    MACHINES.format(record)
    assert vars(record) == before


@given(st.text())
def test_any_text_is_one_object_of_json_on_one_line(text: str):
    line = MACHINES.format(build_record("%s", text, error=DocentError(text)))
    assert "\n" not in line
    assert text in json.loads(line)["message"]


def run_docent(*args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from bot.cli import main; sys.argv[0] = 'docent'; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        env={"PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_line_of_a_command_is_json_if_that_is_wanted():
    done = run_docent(
        "status",
        DOCENT_LOG_FORMAT="json",
        DOCENT_STATE_URL="nonsense",
        DOCENT_ADMINN="U1",
    )
    assert done.returncode == 1
    misspelt, failed = map(json.loads, done.stderr.splitlines())
    assert (misspelt["level"], failed["level"]) == ("WARNING", "ERROR")
    assert "no setting DOCENT_ADMINN" in misspelt["message"]
    assert failed["message"] == "DOCENT_STATE_URL is not a database URL."


def test_a_format_that_is_not_known_is_one_sentence():
    done = run_docent("status", DOCENT_LOG_FORMAT="xml")
    assert done.returncode == 1
    assert done.stderr.startswith("docent: DOCENT_LOG_FORMAT is not valid")
    assert len(done.stderr.splitlines()) == 1


def test_warnings_of_libraries_are_lines_of_the_log_only_as_json():
    code = (
        "import logging, sys, warnings; from bot.health.logs import prepare_logging;"
        "prepare_logging(logging.WARNING, sys.argv[1]); warnings.warn('old')"
    )
    for form, is_json in (("json", True), ("plain", False)):
        done = subprocess.run(
            [sys.executable, "-c", code, form],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.startswith("{") is is_json
        assert "old" in done.stderr


def log_everything(code: str, *args: str) -> str:
    """Run code in a process that logs from INFO on, and return what it logged."""
    start = "from bot.health.logs import prepare_logging; prepare_logging(20); import sys\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code, *args],
        env={"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


@pytest.mark.parametrize("library", ["openai", "httpx2"])
def test_a_password_in_an_address_is_not_logged(openai_server: OpenAIServer, library: str):
    address = openai_server.base_url.replace("://", "://usr:SEKRET@")
    ask = {
        "openai": (
            "from rag_core.generation.llm.client import OpenAIGenerator\n"
            "from rag_core.settings import RagSettings\n"
            "from rag_core.types import Turn\n"
            "settings = RagSettings(openai_api_key=sys.argv[2], openai_base_url=sys.argv[1])\n"
            "list(OpenAIGenerator(settings).generate('Be kind.', [Turn('user', 'Why?')]))\n"
        ),  # refused, since the SDK sends the password in place of the key
        "httpx2": ("import httpx2\nhttpx2.post(sys.argv[1] + '/chat/completions', json={})\n"),
    }
    logged = log_everything(ask[library], address, openai_server.api_key)
    assert len(openai_server.requests) == 1
    assert "SEKRET" not in logged


def test_libraries_do_not_log_their_steps():
    logged = log_everything(
        "from apscheduler.schedulers.background import BackgroundScheduler\n"
        "from bot.storage.tables import ensure_bot_tables\n"
        "from ingest.state.database import open_state\n"
        "BackgroundScheduler().add_job(print, 'interval', hours=1)\n"
        "ensure_bot_tables(open_state('sqlite://'))\n"
    )
    assert logged == ""
