from __future__ import annotations

import pytest

from benchmarks.chaos.questions import (
    PIECES,
    SOURCES,
    Asked,
    is_processing,
    judge,
    list_replies,
    render_question,
    write_answer,
    write_short_answer,
)
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import BOT_USER, GENERAL, Message

BEGINNING, END = "Answer 7 begins. Data is kept", "in storage [1]. Answer 7 is complete [1]."
WHOLE = f"{BEGINNING} {END}\n{SOURCES}"
ASKED = Asked(7, Message(GENERAL, "1.0", "U0PERSON7", render_question(7)))


def reply(text: str, *, ts: str = "2.0", stream: str | None = "stopped") -> Message:
    return Message(GENERAL, ts, BOT_USER, markdown=text, thread_ts="1.0", stream=stream)


def test_the_answer_names_its_question_at_both_ends():
    pieces = write_answer([{"role": "user", "content": f"[...] Question: {render_question(12)}"}])
    assert len(pieces) == PIECES
    text = "".join(pieces)
    assert text.startswith("Answer 12 begins.")
    assert text.count("Answer 12 is complete") == 1


def test_a_short_answer_has_three_sentences():
    text = "".join(write_short_answer([{"role": "user", "content": render_question(4)}]))
    assert text.startswith("Answer 4 begins.")
    assert text.count("[1]") == 2
    assert text.endswith("Answer 4 is complete [1]. ")


@pytest.mark.parametrize(
    ("replies", "result"),
    [
        ([reply(WHOLE)], "answered"),
        ([], "silent"),
        ([reply(WHOLE), reply(WHOLE, ts="3.0")], "doubled"),
        ([reply(BEGINNING), reply(WHOLE, ts="3.0")], "doubled"),
        ([reply(f"{BEGINNING} {WHOLE}")], "doubled"),
        ([reply(BEGINNING)], "half"),
        ([reply(WHOLE, stream="live")], "half"),
        ([reply(f"{BEGINNING} {END}")], "half"),
        ([reply("", stream="live")], "half"),
        ([reply("_Searching the documentation…_")], "half"),
        ([reply("_I was interrupted; now I am continuing with your question…_")], "half"),
        ([reply("Sorry, please ask again.")], "told"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_asker_has_in_the_end(replies, result):
    assert judge(ASKED, replies) == result


async def test_replies_are_those_in_the_thread_and_those_with_its_number(slack_server: SlackServer):
    store = slack_server.store
    for message in (
        ASKED.message,
        reply("Searching"),
        Message(GENERAL, "3.0", BOT_USER, text=WHOLE),
        Message(GENERAL, "4.0", BOT_USER, text="Answer 71 begins."),
        Message(GENERAL, "5.0", "U0PERSON8", text="Thanks", thread_ts="1.0"),
    ):
        store.add(message)
    assert [message.ts for message in list_replies(slack_server, ASKED)] == ["2.0", "3.0"]


async def test_a_question_is_processing_by_its_last_status(slack_server: SlackServer):
    statuses = slack_server.store.sessions
    assert not is_processing(slack_server, ASKED)
    statuses[GENERAL, "1.0"] = ["processing"]
    assert is_processing(slack_server, ASKED)
    statuses[GENERAL, "1.0"].append("active")
    assert not is_processing(slack_server, ASKED)
