"""The app as a whole: checks before it starts, both transports, an orderly end."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Mapping

import aiohttp
import pytest

from bot.app import run_app, serve
from bot.app_parts import Intervals
from bot.errors import SlackUnavailableError
from bot.storage import database
from bot.storage.database import BotDatabase
from bot.texts import answers
from ingest.errors import StateError
from rag_core.errors import ModelUnavailableError, SettingsError
from tests.bot.conftest import INTERVALS, Docent, free_port
from tests.bot.fakes import Gate, script
from tests.servers.slack import delivery
from tests.servers.slack.delivery import Delivery
from tests.servers.slack.store import ALICE


async def test_models_are_loaded_before_the_socket_connects(docent: Docent):
    await docent.start()
    assert docent.events == ["warm up, 0 sockets"]
    assert docent.slack.sockets.opened == 1


async def test_what_is_too_old_is_forgotten_while_docent_runs(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    """Again and again, and also after the state database could not be used."""
    forgotten: list[BotDatabase] = []
    loop, twice = asyncio.get_running_loop(), asyncio.Event()

    def forget(memory: BotDatabase) -> None:
        forgotten.append(memory)
        if len(forgotten) == 2:
            raise StateError("the disk is full")
        if len(forgotten) == 3:
            loop.call_soon_threadsafe(twice.set)

    monkeypatch.setattr(BotDatabase, "purge", forget)
    monkeypatch.setattr(database, "PURGE_SECONDS", 0)
    await docent.start()
    await asyncio.wait_for(twice.wait(), 10)
    await docent.starts.aclose()
    assert all(task.get_coro().__name__ != "purge_daily" for task in asyncio.all_tasks())


async def test_models_that_can_not_be_loaded_keep_the_socket_closed(docent: Docent):
    def missing() -> None:
        raise ModelUnavailableError("no weights")

    parts = docent.parts(docent.settings())
    object.__setattr__(parts, "warm_up", missing)
    before = asyncio.all_tasks()
    with pytest.raises(ModelUnavailableError):
        await serve(docent.settings(), parts)
    assert docent.slack.sockets.opened == 0
    assert not [task for task in asyncio.all_tasks() - before if "slack_sdk" in repr(task)]


async def test_until_the_models_are_loaded_slack_is_not_called_lost(docent: Docent):
    found: list[Mapping[str, str]] = []
    parts = docent.parts(docent.settings())
    loop = asyncio.get_running_loop()

    def look() -> None:
        found.append(
            asyncio.run_coroutine_threadsafe(parts.readiness.find_problems(), loop).result(10)
        )

    object.__setattr__(parts, "warm_up", look)
    async with run_app(docent.settings(), parts, intervals=INTERVALS):
        assert found == [{"slack": "docent has not connected to Slack yet."}]


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"slack_bot_token": None}, "SLACK_BOT_TOKEN"),
        ({"slack_bot_token": "  "}, "SLACK_BOT_TOKEN"),
        ({"slack_app_token": None}, "SLACK_APP_TOKEN"),
        ({"slack_signing_secret": None, "http_port": 3000}, "SLACK_SIGNING_SECRET"),
    ],
)
async def test_a_missing_secret_is_named_with_its_place(
    docent: Docent, changes: dict, variable: str
):
    with pytest.raises(SettingsError, match=f"{variable} is not set.*api.slack.com/apps"):
        await serve(docent.settings(**changes), docent.parts(docent.settings()))
    assert docent.slack.calls() == []


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"slack_bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN"),
        ({"slack_app_token": "xapp-wrong"}, "SLACK_APP_TOKEN"),
    ],
)
async def test_a_wrong_token_is_named_and_never_shown(docent: Docent, changes: dict, variable: str):
    with pytest.raises(SlackUnavailableError, match=f"{variable} .invalid_auth.") as raised:
        await serve(docent.settings(**changes), docent.parts(docent.settings()))
    assert "wrong" not in str(raised.value)
    assert docent.events == []


async def test_a_slack_that_is_not_there_is_one_sentence(docent: Docent):
    url = f"http://127.0.0.1:{free_port()}/api"
    with pytest.raises(SlackUnavailableError, match=f"can't be reached at {url}/"):
        await serve(docent.settings(slack_api_url=url), docent.parts(docent.settings()))


async def test_a_base_url_needs_no_slash_at_its_end(docent: Docent):
    await docent.start(slack_api_url=docent.slack.base_url.rstrip("/"))


async def test_a_lost_connection_is_opened_again(docent: Docent):
    await docent.start()
    await docent.slack.sockets.close()
    await docent.slack.wait_connected(2, timeout=30)
    question = await docent.slack.mention("still there?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)


async def test_slack_can_ask_for_a_new_connection(docent: Docent):
    await docent.start()
    await docent.slack.sockets.ask_to_reconnect("refresh_requested")
    await docent.slack.wait_connected(2, timeout=30)
    question = await docent.slack.mention("still there?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)


async def test_an_answer_survives_the_loss_of_the_connection(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.reached(gate.reached)
    docent.slack.sockets.abort()
    gate.open()
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)


async def test_sigterm_lets_answers_end_and_takes_no_more_events(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    settings = docent.settings()
    service = asyncio.create_task(serve(settings, docent.parts(settings), intervals=INTERVALS))
    await docent.slack.wait_connected()
    question = await docent.slack.mention("how?")
    await docent.reached(gate.reached)
    os.kill(os.getpid(), signal.SIGTERM)
    await docent.slack.wait_for(lambda: not docent.slack.sockets.count)
    assert not service.done()
    gate.open()
    await service
    [reply] = docent.slack.replies(question)
    assert answers.SOURCES in reply.shown


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_sigterm_ends_a_start_that_slack_does_not_answer(docent: Docent, method: str):
    docent.slack.hold(method)
    ends: list[str] = []
    settings = docent.settings()
    service = asyncio.create_task(
        serve(settings, docent.parts(settings), on_stop=lambda: ends.append("stop"))
    )
    await docent.slack.wait_for(lambda: docent.slack.calls(method))
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(service, 10)
    assert ends == ["stop"]
    docent.slack.release()


async def test_sigterm_ends_a_start_that_slack_refuses(docent: Docent):
    settings = docent.settings()
    hold = docent.slack.hold_calls(lambda method, _: method == "apps.connections.open")
    service = asyncio.create_task(serve(settings, docent.parts(settings)))
    await docent.slack.wait_for(lambda: hold.calls)
    docent.slack.fail_for(methods=["apps.connections.open"], status=503)
    hold.release()
    await docent.slack.wait_for(
        lambda: any(each.error for each in docent.slack.calls("apps.connections.open"))
    )
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(service, 10)
    assert docent.slack.sockets.opened == 0


async def test_http_mode_answers_signed_requests(docent: Docent):
    await docent.start_http()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await docent.slack.slash("/docent", "status")
    await docent.slack.wait_for_message(lambda m: m.visible_to == ALICE)
    assert docent.slack.sockets.opened == 0


async def test_http_mode_answers_retries_once(docent: Docent):
    docent.slack.deliver_twice = True
    await docent.start_http()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await docent.starts.aclose()
    assert len(docent.pipeline.questions) == 1


@pytest.mark.parametrize(
    ("secret", "age"), [("another secret", 0), ("docent-signing-secret", 3600)]
)
async def test_http_mode_refuses_bad_and_old_signatures(docent: Docent, secret: str, age: int):
    await docent.start_http()
    command = {"command": "/docent", "text": "reindex", "user_id": ALICE, "channel_id": "C1"}
    ack = await delivery.post(
        docent.slack.events_url,
        Delivery("slash_commands", command),
        secret,
        timestamp=int(time.time()) - age,
    )
    assert ack.status == 401
    await docent.starts.aclose()
    assert docent.sync.runs == 0


async def test_health_is_told_in_http_mode(docent: Docent):
    base = await docent.start_http()
    async with aiohttp.ClientSession() as session, session.get(f"{base}/healthz") as response:
        assert response.status == 200
        assert await response.text() == "ok"


async def test_a_port_that_is_taken_is_one_sentence(docent: Docent):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"DOCENT_HTTP_PORT={port}"):
            await serve(docent.settings(http_port=port), docent.parts(docent.settings()))


async def test_the_default_pace_is_slacks():
    assert Intervals().flush_seconds == 1.0
    assert Intervals().grace_seconds < 30
