"""docent speaks the language of whoever asks, and nobody waits for it."""

import pytest

from bot.slack.client import locale, people
from bot.texts.catalog import LANGUAGES, load_sentences
from tests.bot.conftest import Docent
from tests.bot.fakes import Gate, answer, script
from tests.bot.slack.actions.test_commands import told
from tests.bot.slack.home.test_home_tab import home
from tests.servers.slack.store import ALICE, BOB

LOCALES = {"de": "de-DE", "ru": "ru-RU", "zh": "zh-CN", "ja": "ja-JP", "en": "en-GB"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_commands_answers_and_the_home_tab_speak_the_askers_language(
    docent: Docent, language: str
):
    docent.slack.store.locales[BOB] = LOCALES[language]
    words = load_sentences(language)
    await docent.start()
    await docent.slack.slash("/docent", "help", user=BOB)
    await docent.slack.wait_for_message(told(BOB, words["help"]))
    question = await docent.slack.mention("Where do logs go?", user=BOB)
    reply = await docent.slack.wait_for_reply(question, containing="broker")
    assert f"*{words['sources']}*" in reply.shown
    await docent.slack.open_app(user=BOB)
    assert words["home_how_text"] in await home(docent, BOB)
    assert len(docent.slack.calls("users.info")) == 1


@pytest.mark.parametrize("order", ["before", "after"])
async def test_a_mention_that_comes_as_a_message_too(docent: Docent, order: str):
    docent.slack.store.locales[BOB] = "de-DE"
    docent.slack.double_mentions = order
    await docent.start()
    question = await docent.slack.mention("Wohin gehen Logs?", user=BOB)
    reply = await docent.slack.wait_for_reply(question, containing="broker")
    assert f"*{load_sentences('de')['sources']}*" in reply.shown


async def test_two_people_are_spoken_to_each_in_their_own(docent: Docent):
    docent.slack.store.locales[BOB] = "de-DE"
    docent.pipeline.script = [*script()[:1], gate := Gate(), *script()[1:]]
    await docent.start()
    german = await docent.slack.mention("Wohin gehen Logs?", user=BOB)
    english = await docent.slack.mention("Where do logs go?", user=ALICE)
    await docent.reached(gate.reached)
    gate.open()
    shown = [
        (await docent.slack.wait_for_reply(q, containing="[2]")).shown for q in (german, english)
    ]
    assert load_sentences("de")["sources"] in shown[0]
    assert load_sentences("en")["sources"] in shown[1]


async def test_without_the_scope_docent_speaks_english(docent: Docent):
    docent.slack.store.locales[BOB] = "de-DE"
    docent.slack.lack("users.info", error="missing_scope")
    await docent.start()
    await docent.slack.slash("/docent", "help", user=BOB)
    await docent.slack.wait_for_message(told(BOB, load_sentences("en")["help"]))


async def test_small_talk_looks_nobody_up(docent: Docent):
    await docent.start()
    await docent.slack.message("Lunch?", user=BOB)
    await docent.slack.slash("/docent", "help")
    await docent.slack.wait_for_message(told(ALICE, "docent"))
    assert [call.arguments["user"] for call in docent.slack.calls("users.info")] == [ALICE]


async def test_a_slow_lookup_holds_nothing_up(docent: Docent, monkeypatch: pytest.MonkeyPatch):
    for waiting in (locale, people):
        monkeypatch.setattr(waiting, "WAIT_SECONDS", 0)
    docent.slack.store.locales[BOB] = "de-DE"
    docent.slack.hold("users.info")
    await docent.start()
    await docent.slack.slash("/docent", "help", user=BOB)
    await docent.slack.wait_for_message(told(BOB, load_sentences("en")["not_looked_up"]))
    docent.slack.release()
    await docent.slack.wait_for(lambda: docent.slack.calls("users.info")[0], what="the call")


async def test_an_error_is_told_in_the_askers_language(docent: Docent):
    docent.slack.store.locales[BOB] = "ja-JP"
    docent.pipeline.script = [*script()[:1], RuntimeError("secret")]
    await docent.start()
    question = await docent.slack.mention("Where do logs go?", user=BOB)
    await docent.slack.wait_for_reply(question, containing=load_sentences("ja")["unexpected"])


async def test_nothing_found_is_said_in_the_askers_language(docent: Docent):
    docent.slack.store.locales[BOB] = "zh-CN"
    from rag_core.types import AnswerDone

    docent.pipeline.script = [
        *script()[:1],
        AnswerDone(answer("", citations=(), status="not_found")),
    ]
    await docent.start()
    question = await docent.slack.dm("What is love?", user=BOB)
    await docent.slack.wait_for_reply(question, containing=load_sentences("zh")["not_found"])
