from __future__ import annotations

from benchmarks.chaos.questions import Asked
from benchmarks.load.sightings import find_first_signs, judge_all
from tests.servers.slack.server import Call
from tests.servers.slack.store import BOT_USER, Message

HERE = ("C0", "1.0")


def test_the_first_sign_is_the_first_call_that_shows_something_there():
    calls = [
        Call("users.info", {"user": "U0"}, 1.0),
        Call("chat.startStream", {"channel": "C0", "thread_ts": "1.0"}, 2.0, "ratelimited"),
        Call("reactions.add", {"channel": "C0", "timestamp": "1.0"}, 3.0),
        Call("chat.postMessage", {"channel": "C0", "thread_ts": "1.0"}, 4.0),
        Call("agents.sessions.setStatus", {"channel_id": "C1", "thread_ts": "1.0"}, 5.0),
        Call("chat.postEphemeral", {"channel": "C2", "user": "U0"}, 6.0),
    ]
    signs = find_first_signs(calls)
    assert signs[HERE] == (3.0, "reactions.add")
    assert signs["C1", "1.0"] == (5.0, "agents.sessions.setStatus")
    assert signs["C2", "U0"] == (6.0, "chat.postEphemeral")


def test_each_question_is_judged_by_its_own_thread():
    asked = [Asked(1, Message("C0", "1.0", "U0")), Asked(2, Message("C0", "2.0", "U0"))]
    whole = "Answer 1 begins. Answer 1 is complete."
    messages = [
        asked[0].message,
        asked[1].message,
        Message("C0", "3.0", BOT_USER, text=whole, thread_ts="1.0"),
    ]
    assert judge_all(asked, messages) == {1: "answered", 2: "silent"}


def test_a_private_sentence_counts_for_one_question_of_its_reader():
    asked = [Asked(n, Message("C0", f"{n}.0", "U0")) for n in (1, 2)]
    messages = [Message("C0", "3.0", BOT_USER, text="I am busy.", visible_to="U0")]
    assert judge_all(asked, messages) == {1: "told", 2: "silent"}
