from __future__ import annotations

from collections import Counter

from benchmarks.load.people import move_in, plan_questions, read_questions
from tests.servers.slack.store import BOT_USER, Store


def test_everybody_asks_as_often_and_in_one_channel():
    plans = plan_questions(["Why?", "How?"], count=30, seconds=6, people=6, channels=3)
    assert [plan.at for plan in plans] == sorted(plan.at for plan in plans)
    assert 0 <= plans[0].at <= plans[-1].at <= 6
    assert set(Counter(plan.user for plan in plans).values()) == {5}
    assert len({(plan.user, plan.channel) for plan in plans}) == 6
    assert len({plan.channel for plan in plans}) == 3
    assert plans[0].text == f"<@{BOT_USER}> Why? (item 1)"
    assert len({plan.text for plan in plans}) == 30


def test_the_workspace_knows_all_of_them():
    plans = plan_questions(["Why?"], count=4, seconds=1, people=4, channels=2)
    store = Store()
    move_in(store, plans)
    for plan in plans:
        assert {plan.user, BOT_USER} <= store.channels[plan.channel].members
        assert store.users[plan.user]


def test_questions_are_the_headings_that_ask(tmp_path):
    (tmp_path / "a.md").write_text("# Is this one?\n\n## Where is it?\n\n### Not this\n\ntext?\n")
    assert read_questions(tmp_path) == ["Where is it?"]
