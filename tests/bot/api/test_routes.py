"""Programs ask, search and rate over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api.routes import add_beats, render_event
from bot.calls.requests import Answered, Ask, CallEvent, Progress
from bot.cli.json_output import serialise_answer
from rag_core.errors import BusyError, LLMUnavailableError, StoreUnavailableError
from rag_core.types import AnswerDone, Scope, SearchStarted, TextDelta
from tests.bot.calls.bench import WAIT, Bench
from tests.bot.door.door import TOKEN, Door, open_door
from tests.bot.fakes import LAST_SYNC, TEXT, Gate, answer, script
from tests.conftest import ROOT

QUESTION = "Where does data live?"
ASK = {"question": QUESTION}
STREAM = {"Accept": "text/event-stream"}


def parse_events(text: str) -> list[tuple[str, object]]:
    events = [block.split("\n") for block in text.strip().split("\n\n")]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in events
    ]


class TestAsk:
    async def test_an_answer_has_the_keys_of_the_command_line(self, door: Door):
        status, said, headers = await door.post("/v1/ask", ASK)
        assert status == 200
        assert headers["Content-Type"].startswith("application/json")
        assert list(said) == list(serialise_answer(QUESTION, answer(), None))
        assert (said["answer"], said["status"]) == (TEXT, "answered")
        assert datetime.fromisoformat(said["as_of"]) == LAST_SYNC

    async def test_a_stream_has_the_events_of_the_pipeline(self, door: Door):
        status, text, headers = await door.post("/v1/ask", ASK, **STREAM)
        events = parse_events(text)
        assert status == 200
        assert headers["Content-Type"] == "text/event-stream"
        assert headers["X-Accel-Buffering"] == "no"
        assert [name for name, _ in events] == [
            *("searching", "progress", "text", "text", "text", "done")
        ]
        assert "".join(data["text"] for name, data in events if name == "text") == TEXT
        _, whole, _ = await door.post("/v1/ask", ASK)
        assert events[-1][1] | {"id": ""} == whole | {"id": ""}

    async def test_a_scope_and_a_thread_are_kept(self, door: Door):
        scope = {"source": ["old"], "version": "1.0", "language": "", "path": "guide"}
        await door.post("/v1/ask", ASK | {"scope": scope, "thread": "t"})
        await door.post("/v1/ask", {"question": "And then?", "thread": "t"})
        first, second = door.bench.pipeline.questions
        assert first.scope == Scope(("old",), "guide", "1.0", "")
        assert [turn.text for turn in second.history] == [QUESTION, TEXT]

    async def test_a_question_without_an_answer_is_a_status(self, door: Door):
        door.bench.pipeline.script = [AnswerDone(answer("", status="not_found"))]
        status, said, _ = await door.post("/v1/ask", ASK)
        assert (status, said["status"]) == (200, "not_found")

    async def test_a_repeated_key_is_answered_once(self, door: Door):
        first = await door.post("/v1/ask", ASK, Idempotency_Key="k1")
        again = await door.post("/v1/ask", ASK, Idempotency_Key="k1")
        streamed = await door.post("/v1/ask", ASK, Idempotency_Key="k1", **STREAM)
        assert first[1] == again[1] == parse_events(streamed[1])[-1][1]
        assert len(door.bench.pipeline.questions) == 1

    async def test_a_key_of_another_question_is_a_conflict(self, door: Door):
        await door.post("/v1/ask", ASK, Idempotency_Key="k1")
        status, said, _ = await door.post("/v1/ask", {"question": "Why?"}, Idempotency_Key="k1")
        assert (status, said["error"]["kind"]) == (409, "CallRepeatedError")

    async def test_a_key_that_is_too_long_is_refused(self, door: Door):
        assert (await door.post("/v1/ask", ASK, Idempotency_Key="k" * 256))[0] == 422

    @pytest.mark.parametrize("headers", [{}, STREAM])
    async def test_an_answer_that_takes_too_long_is_given_up(
        self, bench: Bench, headers: dict[str, str]
    ):
        gate = Gate()
        bench.pipeline.script = [SearchStarted(), gate, *script()]
        async with open_door(bench, call_seconds=0.2) as door:
            status, said, _ = await door.post("/v1/ask", ASK, **headers)
            gate.open()
        await bench.wait_statuses("given_up")
        if headers:
            name, data = parse_events(said)[-1]
            assert (status, name, data["kind"]) == (200, "error", "late")
        else:
            assert (status, said["error"]["kind"]) == (504, "late")

    async def test_a_failure_of_a_stream_is_its_last_event(self, door: Door):
        door.bench.pipeline.script = [LLMUnavailableError("key sk-1 refused")]
        _, text, _ = await door.post("/v1/ask", ASK, **STREAM)
        name, data = parse_events(text)[-1]
        assert (name, data["kind"]) == ("error", "CallError")
        assert "sk-1" not in text

    async def test_a_failure_is_a_status_with_a_sentence(self, door: Door):
        door.bench.pipeline.script = [LLMUnavailableError("key sk-1 refused")]
        status, said, _ = await door.post("/v1/ask", ASK)
        assert status == 503
        assert "language model" in said["error"]["message"]


async def test_a_scope_without_pages_is_refused_before_the_line(door: Door):
    status, said, _ = await door.post("/v1/ask", ASK | {"scope": {"source": ["none"]}})
    assert (status, "none" in said["error"]["message"]) == (422, True)
    assert door.bench.rows() == {}


class TestBody:
    @pytest.mark.parametrize(
        ("body", "names"),
        [
            ({}, "question"),
            ({"question": 1}, "question"),
            ({"question": QUESTION, "questions": []}, "questions"),
            ({"question": QUESTION, "scope": {"source": "docs"}}, "scope.source"),
            ({"question": QUESTION, "thread": "t" * 201}, "thread"),
            ([], "The body"),
        ],
    )
    async def test_a_wrong_field_is_named(self, door: Door, body: object, names: str):
        status, said, _ = await door.post("/v1/ask", body)
        assert status == 422
        assert said["error"]["message"].startswith(f"{names}: ")

    @pytest.mark.parametrize("question", ["", " \n", "x" * 4_001])
    @pytest.mark.parametrize("path", ["/v1/ask"])
    async def test_what_is_no_question_is_refused(self, door: Door, path: str, question: str):
        status, said, _ = await door.post(path, {"question": question})
        assert status == 422
        assert said["error"]["kind"] in {"EmptyQuestionError", "QuestionTooLongError"}

    async def test_only_json_is_read(self, door: Door):
        assert (await door.post("/v1/ask", ASK, Content_Type="text/plain"))[0] == 415


class TestSearch:
    async def test_passages_have_the_keys_of_the_command_line(self, door: Door):
        scope = {"source": ["docs"]}
        status, said, _ = await door.post("/v1/search", ASK | {"limit": 2, "scope": scope})
        assert (status, len(said["passages"])) == (200, 2)
        assert list(said) == ["question", "passages", "revision", "as_of", "cut"]
        assert door.bench.pipeline.searched[0][0].scope == Scope(("docs",))

    @pytest.mark.parametrize(
        ("error", "status"), [(BusyError(3), 503), (StoreUnavailableError("Milvus is away."), 503)]
    )
    async def test_a_failure_is_a_status(self, door: Door, error: Exception, status: int):
        door.bench.pipeline.error = error
        found, said, _ = await door.post("/v1/search", ASK)
        assert (found, said["error"]["message"]) == (status, str(error))

    async def test_an_unforeseen_failure_says_nothing_of_itself(self, door: Door):
        door.bench.pipeline.error = ZeroDivisionError("a secret")
        status, said, _ = await door.post("/v1/search", ASK)
        assert status == 500
        assert "secret" not in str(said)

    async def test_a_source_that_is_not_there_is_named(self, door: Door):
        status, said, _ = await door.post("/v1/search", ASK | {"scope": {"source": ["none"]}})
        assert (status, "none" in said["error"]["message"]) == (422, True)


class TestFeedback:
    async def rate(self, door: Door, **changes: object) -> int:
        _, said, _ = await door.post("/v1/ask", ASK)
        body = {"id": said["id"], "verdict": "down", "comment": "It is wrong."} | changes
        status, _, _ = await door.post("/v1/feedback", body, token=self.token)
        return status

    token = TOKEN

    async def test_a_rating_is_stored_with_its_comment(self, door: Door):
        assert await self.rate(door) == 200
        database = door.bench.database
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        (rated,) = database.ratings.list_since(long_ago, database.answers)
        assert (rated.rating.user, rated.rating.verdict) == ("ci", "down")
        assert rated.rating.comment == "It is wrong."

    async def test_an_answer_to_another_caller_can_not_be_rated(self, door: Door):
        self.token = f"{TOKEN}-editor"
        assert await self.rate(door) == 404

    @pytest.mark.parametrize(
        ("changes", "status"),
        [({"id": "0" * 32}, 404), ({"verdict": "sideways"}, 422), ({"id": ""}, 422)],
    )
    async def test_what_can_not_be_rated_is_refused(
        self, door: Door, changes: dict[str, object], status: int
    ):
        assert await self.rate(door, **changes) == status


async def test_the_description_fits_what_is_sent(door: Door):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with door.session.get(f"{door.url}/v1/openapi.json", headers=headers) as response:
        described = await response.json()
    assert set(described["paths"]) == {"/v1/ask", "/v1/search", "/v1/feedback"}
    _, said, _ = await door.post("/v1/ask", ASK)
    _, found, _ = await door.post("/v1/search", ASK)
    _, failed, _ = await door.post("/v1/ask", {})
    for name, sent in (("AnswerResult", said), ("SearchResult", found), ("Failure", failed)):
        schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
        jsonschema.validate(sent, schema)


async def test_a_silent_stream_has_beats():
    gone = asyncio.Event()

    async def wait() -> AsyncIterator[CallEvent]:
        yield SearchStarted()
        await gone.wait()
        yield Progress("Now.")

    seen: list[CallEvent | None] = []
    async with asyncio.timeout(WAIT):
        async for event in add_beats(wait(), seconds=0.01):
            seen.append(event)
            if event is None:
                gone.set()
    assert seen[0] == SearchStarted()
    assert None in seen
    assert seen[-1] == Progress("Now.")


@given(st.text())
def test_no_text_breaks_the_form_of_a_stream(text: str):
    ask = Ask(QUESTION)
    for event in (TextDelta(text), Progress(text), Answered(answer(text))):
        rendered = render_event(ask, event).decode()
        assert rendered.count("\n\n") == 1
        assert len(parse_events(rendered)) == 1


def list_curl_lines() -> list[str]:
    """The lines with curl in the page about the API."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("line", list_curl_lines())
async def test_each_line_of_the_handbook_does_what_it_says(bench: Bench, line: str):
    async with open_door(bench, needs_proof=False, tokens={}, signing_secret="") as door:
        _, asked, _ = await door.post("/v1/ask", ASK, token="")
        typed = line.replace("http://127.0.0.1:8090", door.url)
        words = shlex.split(typed.replace("the id of an answer", asked["id"]))
        process = await asyncio.create_subprocess_exec(
            *words, "--silent", "--fail", stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(WAIT):
            printed, _ = await process.communicate()
    assert process.returncode == 0
    if "text/event-stream" in line:
        assert parse_events(printed.decode())[-1][0] == "done"
    else:
        assert json.loads(printed)


def test_the_handbook_has_a_line_for_each_route():
    lines = " ".join(list_curl_lines())
    assert all(f"/v1/{route} " in lines for route in ("ask", "search", "feedback"))
