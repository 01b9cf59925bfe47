"""Answers for one person where the response URL of their command takes no more."""

import pytest

from bot.slack.client import calls
from bot.slack.views import buttons
from bot.texts import answers
from bot.texts import asking as words
from bot.texts.catalog import say
from tests.bot.conftest import Docent
from tests.bot.scenarios.failing.test_delivery import ALL_KINDS, list_private, shown
from tests.bot.slack.actions.test_answer_buttons import has, thumb_value
from tests.servers.slack.store import ALICE, GENERAL


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAUSES", (0.01,))
    monkeypatch.setattr(calls, "MOST_ATTEMPTS", 3)


@pytest.mark.parametrize("refusal", [(404, "used_url"), (404, "expired_url"), (500, "")])
async def test_without_its_response_url_a_private_answer_comes_another_way(
    docent: Docent, refusal: tuple[int, str]
):
    await docent.start()
    docent.slack.response_urls.refusal = refusal
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for(lambda: answers.SOURCES in shown(list_private(docent)))
    [private] = list_private(docent)
    assert private.visible_to == ALICE
    assert has(private, buttons.SHARE)
    assert say("only_you_see") in private.shown


async def test_a_private_answer_in_a_channel_without_docent_comes_as_a_direct_message(
    docent: Docent,
):
    await docent.start()
    docent.slack.response_urls.refusal = (404, "expired_url")
    docent.slack.remove_from(GENERAL)
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for(lambda: answers.SOURCES in shown(list_private(docent)))
    [private] = list_private(docent)
    assert private.channel == "D0ALICE"
    assert f"<#{GENERAL}>" in private.shown


async def test_blocks_that_a_response_url_refuses_leave_plainer_ones(docent: Docent):
    await docent.start()
    docent.slack.store.refused_blocks = ALL_KINDS
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for(lambda: "page1#where" in shown(list_private(docent)))


async def test_a_private_answer_that_was_taken_without_a_word_is_not_doubled(docent: Docent):
    await docent.start()
    docent.slack.response_urls.unconfirmed = 2  # the notice and the answer
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for(lambda: answers.SOURCES in shown(list_private(docent)))
    await docent.starts.aclose()
    notice, private = list_private(docent)
    assert words.ASK_SEARCHING in notice.shown
    assert answers.SOURCES in private.shown


async def test_the_word_of_a_command_or_a_click_is_not_doubled(docent: Docent):
    await docent.start()
    docent.slack.response_urls.unconfirmed = 1
    await docent.slack.slash("/docent", "help")
    await docent.slack.wait_for(lambda: list_private(docent))
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    docent.slack.response_urls.unconfirmed = 1
    await docent.slack.action(reply, buttons.RATE, value=thumb_value(reply, "up"))
    await docent.slack.wait_for(lambda: len(list_private(docent)) > 1)
    await docent.starts.aclose()
    assert len(list_private(docent)) == 2  # the help and the thanks


@pytest.mark.parametrize("was_taken", [True, False])
@pytest.mark.parametrize("can_look", [True, False])
async def test_a_direct_message_without_a_word_from_slack_is_looked_for(
    docent: Docent, was_taken: bool, can_look: bool
):
    """Where docent can't look, one that may be there is not sent again."""
    await docent.start()
    docent.slack.response_urls.refusal = (404, "expired_url")
    docent.slack.remove_from(GENERAL)
    if not can_look:
        docent.slack.lack("users.conversations", error="missing_scope")
    if was_taken:
        docent.slack.lose_reply("chat.postMessage")
    else:
        docent.slack.lose_call("chat.postMessage")
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for_calls("chat.postMessage", 1 if was_taken or not can_look else 2)
    await docent.starts.aclose()
    expected = 1 if was_taken or can_look else 0
    assert shown(list_private(docent)).count(answers.SOURCES) == expected


async def test_a_direct_message_that_slack_took_with_an_error_is_not_doubled(docent: Docent):
    await docent.start()
    docent.slack.response_urls.refusal = (404, "expired_url")
    docent.slack.remove_from(GENERAL)
    hold = docent.slack.hold_calls(lambda method, _: method == "chat.postMessage", done=True)
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for(lambda: hold.calls)
    hold.drop()
    await docent.slack.wait_for_calls("conversations.history")
    await docent.starts.aclose()
    assert shown(list_private(docent)).count(answers.SOURCES) == 1
