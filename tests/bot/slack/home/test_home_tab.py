"""The Home tab: scenarios through the real app, and its limits."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.client import people
from bot.slack.home import home_tab
from bot.slack.views import buttons
from bot.slack.views import home as home_view
from bot.slack.views.home import AdminContent, HomeContent
from bot.storage.activity import ActivityCounts, RecentQuestion
from bot.storage.problems import Problem
from bot.texts import answers, problems
from bot.texts.catalog import say
from ingest.errors import StateError
from ingest.overview.history import PastSync, SourceState
from tests.bot.conftest import Docent, index_status
from tests.bot.fakes import LAST_SYNC, SYNCS, Gate, answer, script, version
from tests.bot.slack.actions.test_admin import noted
from tests.servers.slack.limits import check_view
from tests.servers.slack.store import ALICE, BOB, block_text

texts = st.text(max_size=400)


async def home(docent: Docent, user: str, containing: str = "") -> str:
    """The words of somebody's Home tab."""

    def shown() -> str:
        view = docent.slack.store.homes.get(user)
        words = block_text(view["blocks"]) if view else ""
        return words if containing in words else ""

    return str(await docent.slack.wait_for(shown, what="a Home tab"))


async def test_everybody_sees_what_docent_knows_and_how_to_ask(docent: Docent):
    await docent.start()
    await docent.slack.open_app(user=BOB)
    words = await home(docent, BOB)
    assert "224 pages, split into 1,205 chunks" in words
    assert "*docs*: 224 pages" in words
    assert "2026-03-01 03:00 UTC" in words
    assert say("home_how_text") in words
    assert say("home_own_none") in words
    assert say("home_manage") not in words


async def test_who_gets_no_answers_sees_only_that(docent: Docent):
    await docent.start(allowed_users=ALICE)
    await docent.slack.open_app(user=BOB)
    words = await home(docent, BOB)
    assert answers.NOT_FOR_YOU in words
    assert "docs" not in words.replace(answers.NOT_FOR_YOU, "")


async def test_who_can_not_be_looked_up_sees_that_until_they_can(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(home_tab, "TRY_AGAIN_SECONDS", [0.01] * 1_000)
    docent.slack.fail_for(methods={"users.info"})
    await docent.start()
    await docent.slack.open_app(user=BOB)
    words = await home(docent, BOB, answers.NOT_LOOKED_UP)
    assert "docs" not in words
    docent.slack.recover()
    await home(docent, BOB, "*docs*: 224 pages")


async def test_who_can_not_be_looked_up_is_not_called_a_guest(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(home_tab, "TRY_AGAIN_SECONDS", ())
    docent.slack.fail_for(methods={"users.info"})
    await docent.start()
    await docent.slack.open_app(user=BOB)
    assert await home(docent, BOB) == answers.NOT_LOOKED_UP


async def test_own_questions_are_listed_and_those_of_others_are_not(docent: Docent):
    await docent.start()
    question = await docent.slack.dm("Where do <!here> logs go?", user=BOB)
    await docent.slack.wait_for_reply(question, containing="broker")
    await docent.slack.open_app(user=BOB)
    assert "Where do @here logs go?" in await home(docent, BOB, "logs go")
    await docent.slack.open_app(user=ALICE)
    assert "logs go" not in await home(docent, ALICE)


async def test_admins_see_syncs_and_the_week(docent: Docent):
    await docent.start()
    question = await docent.slack.dm("Where do logs go?", user=BOB)
    await docent.slack.wait_for_reply(question, containing="broker")
    docent.pipeline.script = [*script()[:-1], replace_done()]
    other = await docent.slack.dm("What is love?", user=BOB)
    await docent.slack.wait_for_reply(other, containing=answers.NOT_FOUND)
    await docent.slack.open_app()
    words = await home(docent, ALICE)
    assert "3 new pages, 1 changed and 0 removed" in words
    assert "failed, docs: answered 404" in words
    assert "I got 2 questions, and found no answer to 1 of them. Ratings: 👍 0, 👎 0" in words


async def test_admins_see_what_does_not_work(docent: Docent):
    sentence = "The key <is> refused: set OPENAI_API_KEY."
    docent.problems = [Problem("llm", sentence, LAST_SYNC)]
    await docent.start()
    await docent.slack.open_app()
    words = await home(docent, ALICE, say("home_manage"))
    assert say("home_problems") in words
    assert problems.PROBLEMS["llm"] in words
    assert "The key &lt;is&gt; refused: set OPENAI_API_KEY." in words
    await docent.slack.open_app(user=BOB)
    assert "OPENAI_API_KEY" not in await home(docent, BOB)


async def test_without_problems_there_is_no_heading_for_them(docent: Docent):
    await docent.start()
    await docent.slack.open_app()
    assert say("home_problems") not in await home(docent, ALICE, say("home_manage"))


def replace_done():
    from rag_core.types import AnswerDone

    return AnswerDone(answer("", citations=(), status="not_found"))


async def test_re_index_reports_to_who_clicked(docent: Docent):
    await docent.start()
    await docent.slack.open_app()
    await home(docent, ALICE, say("home_manage"))
    await docent.slack.home_action(buttons.REINDEX)
    direct = docent.slack.store.open_direct(ALICE).id
    report = await docent.slack.wait_for_message(
        lambda m: m.channel == direct and "reused 1,193" in m.shown
    )
    assert report.by_bot
    assert (await noted(docent))[0][:2] == (ALICE, "reindex")


async def test_a_second_re_index_is_told_where_the_first_is(docent: Docent):
    docent.sync.gate = gate = Gate()
    await docent.start()
    await docent.slack.open_app()
    await home(docent, ALICE, say("home_manage"))
    await docent.slack.home_action(buttons.REINDEX)
    await docent.reached(gate.reached)
    await docent.slack.home_action(buttons.REINDEX)
    await docent.slack.wait_for_message(lambda m: m.channel[0] == "D" and "|here>" in m.shown)
    gate.open()
    await docent.slack.wait_for_message(lambda m: "reused 1,193" in m.shown)
    assert docent.sync.runs == 1


async def test_a_state_that_can_not_be_read_leaves_the_tab_and_the_bot(docent: Docent):
    def broken():
        raise StateError("the disk is gone")

    docent.read_status = broken
    await docent.start()
    await docent.slack.open_app()
    docent.read_status = index_status
    await docent.slack.open_app(user=BOB)
    await home(docent, BOB, "224 pages")


async def test_before_the_first_sync(docent: Docent):
    docent.read_status = lambda: index_status(revision=None)
    await docent.start()
    await docent.slack.open_app(user=BOB)
    assert say("home_nothing") in await home(docent, BOB)


@given(name=texts.filter(bool), error=texts, asked=st.lists(texts, max_size=5))
def test_every_view_is_one_that_slack_takes(name: str, error: str, asked: list[str]):
    known = HomeContent(
        replace(index_status(), last_error=error),
        [SourceState(name, name, 3)] * 40,
        [RecentQuestion(text, "C0", LAST_SYNC) for text in asked],
    )
    managed = AdminContent(
        [version(name, 1)], [*SYNCS, PastSync(LAST_SYNC, error=error)], ActivityCounts()
    )
    check_view(
        json.loads(json.dumps(home_view.build_home_view(known, managed).to_dict())), kind="home"
    )


@pytest.mark.parametrize("admin", [True, False])
def test_a_view_has_few_blocks(admin: bool):
    managed = AdminContent([], [], ActivityCounts()) if admin else None
    view = home_view.build_home_view(HomeContent(index_status(), [], []), managed).to_dict()
    assert len(view["blocks"]) < 20
