from __future__ import annotations

import pytest

from benchmarks.chaos.questions import Asked
from benchmarks.faults.tries import Try, collect_tries, extract_note, judge_try, summarise_tries
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import BOT_USER, GENERAL, Message

WHOLE = "Answer 3 begins. Inserted data is kept in object storage [1]. Answer 3 is complete."
QUOTED = "> Inserted data is kept in object storage.\nThe language model did not answer"
ASKED = Asked(3, Message(GENERAL, "1.0", "U0PERSON3", "Where?"))


def reply(text: str, *, stream: str | None = None) -> Message:
    return Message(GENERAL, "2.0", BOT_USER, text=text, thread_ts="1.0", stream=stream)


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        ([reply(WHOLE)], "answered"),
        ([reply(WHOLE), reply("The language model is not responding.")], "answered"),
        ([reply("Answer 3 begins. It stopped before the end.")], "cut"),
        ([reply(QUOTED)], "quoted"),
        ([reply("I can't search right now.")], "told"),
        ([reply("_Searching the documentation…_")], "half"),
        ([reply(WHOLE, stream="live")], "half"),
        ([reply(WHOLE), reply(WHOLE)], "doubled"),
        ([reply(QUOTED), reply(QUOTED)], "doubled"),
        ([], "lost"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_asker_has(seen, outcome):
    assert judge_try(3, seen) == outcome


async def test_an_answer_counts_wherever_its_asker_finds_it(slack_server: SlackServer):
    store = slack_server.store
    store.users["U0PERSON3"] = "person3"
    direct = store.open_direct("U0PERSON3").id
    for place in (
        {"channel": GENERAL, "thread_ts": "1.0"},
        {"channel": GENERAL, "visible_to": "U0PERSON3"},
        {"channel": direct},
    ):
        store.all.clear()
        store.add(Message(ts="2.0", user=BOT_USER, text="I can't.", **place))
        [found] = collect_tries(slack_server, [(ASKED, 0.0)], {})
        assert (found.outcome, found.first_sign, found.ended) == ("told", None, None)
    store.all.clear()
    store.add(Message(GENERAL, "2.0", BOT_USER, text="I can't.", thread_ts="another"))
    [found] = collect_tries(slack_server, [(ASKED, 0.0)], {3: 2.5})
    assert (found.outcome, found.ended) == ("lost", 2.5)


def test_a_note_is_what_stands_beside_answer_and_quotation():
    shown = f"{WHOLE}\nSources\n[1] Storage\nRanking took too long · docs read today · revision `a`"
    assert extract_note(shown) == "Ranking took too long"
    assert extract_note(WHOLE) == "the answer"


def test_right_is_an_outcome_with_its_words_and_nothing_left_in_work():
    tries = [
        Try("quoted", QUOTED, 0.1, 1.0, is_processing=False),
        Try("quoted", QUOTED, 0.3, 3.0, is_processing=True),
        Try("quoted", "> Inserted data", 0.2, 2.0, is_processing=False),
        Try("lost", "", None, None, is_processing=False),
    ]
    summary = summarise_tries(tries, frozenset({"quoted"}), "language model")
    assert (summary["tries"], summary["right"], summary["lost"]) == (4, 1, 1)
    assert (summary["first_sign_seconds"], summary["end_seconds"]) == (0.2, 2.0)
