"""The inbox on a real database: what comes in, who takes it, and how it ends."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from bot.storage import tables
from bot.storage.inbox import Inbox
from bot.storage.inbox_entry import FINISHING, InboxEntry, format_message, parse_message
from bot.storage.inbox_view import InboxView
from bot.storage.line_limits import Limits
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage, MessageKey, SharedFile
from ingest.state.database_clock import DatabaseMoment
from rag_core.types import Scope

GONE = "elsewhere pid:[1] 7 dead"  # of another machine: nobody sees that it is gone


@pytest.fixture
def inbox(engine: Engine) -> Inbox:
    return Inbox(engine)


@pytest.fixture
def view(engine: Engine, inbox: Inbox) -> InboxView:
    del inbox
    return InboxView(engine)


def message(ts: str = "1.0", user: str = "U1", **more: object) -> IncomingMessage:
    values = {"thread_ts": ts, **more}
    return IncomingMessage(
        "question", MessageKey("T0", "C0", ts), user=user, user_team="T0", text="how?", **values
    )


def name(number: int) -> str:
    return f"{number:032x}"


def take_all(inbox: Inbox) -> list[str]:
    taken = []
    while entry := inbox.take():
        taken.append(entry.message.key.ts)
    return taken


def expire(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(tables.inbox).values(leased_until=DatabaseMoment(-1)))


class TestArrival:
    def test_a_message_comes_in_once(self, inbox: Inbox):
        assert inbox.add(name(1), message())
        assert not inbox.add(name(2), message())
        assert take_all(inbox) == ["1.0"]

    def test_of_many_that_record_it_at_once_one_does(self, engine: Engine):
        inboxes = [Inbox(engine) for _ in range(8)]
        together = threading.Barrier(8)

        def add(number: int) -> bool:
            together.wait(10)
            return inboxes[number].add(name(number), message())

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(add, range(8))) == [False] * 7 + [True]

    def test_each_version_of_an_edited_message_is_another_one(self, inbox: Inbox):
        assert inbox.add(name(1), message())
        first, second = message(edited_ts="2.0"), message(edited_ts="3.0")
        assert inbox.add(name(2), first)
        assert not inbox.add(name(3), first)
        assert inbox.add(name(4), second)

    def test_what_its_process_answers_already_is_nobody_elses(self, engine: Engine, inbox: Inbox):
        assert inbox.add(name(1), message(), is_ours=lambda: True)
        assert Inbox(engine).take() is None
        assert inbox.renew([name(1)]) == {name(1): ""}

    def test_it_comes_out_as_it_went_in(self, inbox: Inbox):
        whole = message(
            thread_ts="0.5",
            audience="mention",
            is_direct=True,
            origin="shortcut",
            material="ALERT: \x00 \ud800 ünïcode",
            files=(SharedFile("F1", "log.txt", "text/plain", 12, "https://files"),),
            target_ts="0.7",
            target_thread_ts="0.5",
        )
        inbox.add(name(1), whole, response_url="https://hooks/1")
        entry = inbox.take()
        assert entry is not None
        assert entry.message == whole
        assert (entry.id, entry.response_url, entry.attempts) == (name(1), "https://hooks/1", 1)
        assert entry.posted == ()
        assert 0 <= entry.age < 60

    @given(text=st.text(st.characters()), material=st.text(st.characters()))
    def test_any_text_is_kept(self, text: str, material: str):
        kept = replace(message(), text=text, material=material)
        dumped = format_message(kept)
        assert dumped.isascii()
        assert "\x00" not in dumped
        assert parse_message(dumped) == kept


def test_what_a_newer_docent_wrote_can_be_read():
    newer = format_message(message())[:-1] + ', "something_new": 1}'
    assert parse_message(newer) == message()


class TestLine:
    def test_it_is_taken_in_the_order_of_arrival(self, inbox: Inbox):
        for number in range(3):
            inbox.add(name(number), message(f"{number}.0", user=f"U{number}"))
        assert take_all(inbox) == ["0.0", "1.0", "2.0"]

    def test_nobody_asks_twice_before_another_has_asked_once(self, inbox: Inbox):
        for number in range(10):
            inbox.add(name(number), message(f"{number}.0", user="U1"))
        inbox.add(name(10), message("10.0", user="U2"))
        inbox.add(name(11), message("11.0", user="U3"))
        inbox.add(name(12), message("12.0", user="U2"))
        assert take_all(inbox)[:5] == ["0.0", "10.0", "11.0", "1.0", "12.0"]

    def test_who_comes_late_does_not_wait_for_all_questions_of_another(self, inbox: Inbox):
        for number in range(10):
            inbox.add(name(number), message(f"{number}.0", user="U1"))
        for number in range(4):  # one after the other, each to its end
            entry = inbox.take()
            assert entry is not None
            assert entry.message.key.ts == f"{number}.0"
            inbox.end(entry.id, "answered")
        inbox.add(name(10), message("10.0", user="U2"))
        assert take_all(inbox)[:3] == ["10.0", "4.0", "5.0"]

    def test_a_question_that_was_withdrawn_while_it_waited_moves_no_turn(self, inbox: Inbox):
        for number in range(4):
            inbox.add(name(number), message(f"{number}.0", user="U1"))
        inbox.take()
        inbox.send("delete", QuestionFilter("C0", ts="3.0").build())
        inbox.add(name(4), message("4.0", user="U2"))
        assert take_all(inbox) == ["4.0", "1.0", "2.0"]

    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        max_examples=25,
        deadline=None,
    )
    @given(asked=st.lists(st.sampled_from("ABCD"), min_size=1, max_size=12))
    def test_between_two_questions_of_one_person_everybody_else_comes(
        self, engine: Engine, inbox: Inbox, asked: list[str]
    ):
        with engine.begin() as connection:
            connection.execute(tables.inbox.delete())
        for number, user in enumerate(asked):
            inbox.add(name(number), message(f"{number}.0", user=user))
        users = [asked[int(ts.partition(".")[0])] for ts in take_all(inbox)]
        assert sorted(users) == sorted(asked)
        turns = [users[:place].count(user) for place, user in enumerate(users)]
        assert turns == sorted(turns)

    def test_places_are_those_in_the_line(self, inbox: Inbox, view: InboxView):
        for number, user in enumerate("AAB"):
            inbox.add(name(number), message(f"{number}.0", user=user))
        ids = [name(number) for number in range(4)]
        assert view.find_places(ids) == {name(0): 1, name(2): 2, name(1): 3}
        inbox.take()
        assert view.find_places(ids) == {name(2): 1, name(1): 2}

    def test_open_questions_are_counted(self, inbox: Inbox, view: InboxView):
        for number in range(3):
            inbox.add(name(number), message(f"{number}.0"))
        inbox.take()
        assert view.count_open() == {"waiting": 2, "answering": 1}

    def test_hints_never_wait(self, inbox: Inbox):
        inbox.add(name(1), message())
        inbox.add(name(2), replace(message("2.0"), kind="hint"))
        entry = inbox.take(quick=True)
        assert entry is not None
        assert entry.id == name(2)
        assert inbox.take(quick=True) is None
        assert take_all(inbox) == ["1.0"]

    def test_a_process_takes_questions_of_its_surfaces_alone(self, inbox: Inbox):
        inbox.add(name(1), message("1.0", surface="discord"))
        inbox.add(name(2), message("2.0"))
        assert take_all(inbox) == ["2.0"]
        assert inbox.take(surfaces=("mcp", "http")) is None
        entry = inbox.take(surfaces=("slack", "discord"))
        assert entry is not None
        assert (entry.id, entry.message.surface) == (name(1), "discord")

    def test_of_many_that_take_at_once_each_gets_another_one(self, engine: Engine, inbox: Inbox):
        for number in range(8):
            inbox.add(name(number), message(f"{number}.0"))
        inboxes = [Inbox(engine) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            taken = [entry and entry.id for entry in pool.map(Inbox.take, inboxes)]
        assert sorted(taken) == [name(number) for number in range(8)]


class TestTwoDocents:
    """Two docents with indexes of their own, on one state database."""

    def test_each_takes_and_counts_its_own(self, engine: Engine):
        one, other = Inbox(engine, index="one"), Inbox(engine, index="other")
        assert one.add(name(1), message())
        assert other.add(name(2), message())  # it mentions both
        assert other.take().id == name(2)
        assert other.take() is None
        views = [InboxView(engine, index=index) for index in ("one", "other")]
        assert [view.count_open()["waiting"] for view in views] == [1, 0]
        assert [len(view.list_open(QuestionFilter("C0"))) for view in views] == [1, 1]

    def test_a_signal_reaches_its_own(self, engine: Engine):
        one, other = Inbox(engine, index="one"), Inbox(engine, index="other")
        one.add(name(1), message())
        other.add(name(2), message())
        assert other.send("stop", QuestionFilter("C0", ts="1.0").build())[1] == 1
        assert one.take() is not None


class TestLimits:
    def refused(self, inbox: Inbox) -> list[str]:
        stages = []
        while entry := inbox.take(quick=True):
            stages.append(entry.stage)
        return stages

    def test_the_line_has_an_end(self, engine: Engine):
        inbox = Inbox(engine, limits=Limits(waiting=2))
        for number in range(3):
            inbox.add(name(number), message(f"{number}.0", user=f"U{number}"))
        assert self.refused(inbox) == ["line_full"]
        assert take_all(inbox) == ["0.0", "1.0"]

    def test_one_person_has_so_many_open_questions(self, engine: Engine):
        inbox = Inbox(engine, limits=Limits(open_per_person=2))
        for number in range(3):
            inbox.add(name(number), message(f"{number}.0"))
        inbox.add(name(3), message("3.0", user="U2"))
        assert self.refused(inbox) == ["too_many_open"]
        assert take_all(inbox) == ["0.0", "3.0", "1.0"]
        inbox.end(name(0), "answered")
        inbox.add(name(4), message("4.0"))
        assert self.refused(inbox) == []

    def test_one_person_asks_so_often_a_day(self, engine: Engine):
        inbox = Inbox(engine, limits=Limits(daily_per_person=2))
        for number in range(3):
            inbox.add(name(number), message(f"{number}.0"))
            if entry := inbox.take():
                inbox.end(entry.id, "answered")
        assert self.refused(inbox) == ["daily_limit"]
        with engine.begin() as connection:
            connection.execute(update(tables.inbox).values(received_at=DatabaseMoment(-86_401)))
        inbox.add(name(4), message("4.0"))
        assert take_all(inbox) == ["4.0"]

    @pytest.mark.parametrize(
        "other", [{"audience": "thread"}, {"audience": "channel"}, {"edited_ts": "2.0"}]
    )
    def test_who_did_not_call_docent_is_not_refused(self, engine: Engine, other: dict[str, str]):
        inbox = Inbox(engine, limits=Limits(waiting=0))
        inbox.add(name(1), message(**other))
        assert self.refused(inbox) == []
        assert take_all(inbox) == ["1.0"]


class TestLease:
    def test_a_silent_process_loses_its_questions(self, engine: Engine):
        dead, living = Inbox(engine, process=GONE), Inbox(engine)
        dead.add(name(1), message())
        first = dead.take()
        assert first is not None
        assert not first.is_resumed
        dead.record_posted(name(1), ["7.0"])
        assert living.free_abandoned() == 0
        assert living.take() is None
        expire(engine)
        assert living.free_abandoned() == 1
        entry = living.take()
        assert entry is not None
        assert entry.is_resumed
        assert entry.posted == ("7.0",)

    def test_a_dead_process_on_this_machine_loses_them_at_once(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ):
        dead, living = Inbox(engine, process=GONE), Inbox(engine)
        dead.add(name(1), message())
        dead.take()
        monkeypatch.setattr("bot.storage.inbox_entry.is_process_gone", lambda owner: owner == GONE)
        assert living.free_abandoned() == 1

    def test_a_question_whose_asker_waits_here_is_left_to_this_process(self, engine: Engine):
        here, other = Inbox(engine), Inbox(engine)
        here.add(name(1), message(surface="http"))
        assert other.free_abandoned() == 0
        assert other.take(surfaces=("http",)) is None
        taken = here.take(surfaces=("http",))
        assert taken is not None
        assert taken.id == name(1)

    def test_such_a_question_of_a_dead_process_is_ended_by_any(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ):
        dead, living = Inbox(engine, process=GONE), Inbox(engine)
        dead.add(name(1), message(surface="mcp"))
        monkeypatch.setattr("bot.storage.inbox_entry.is_process_gone", lambda owner: owner == GONE)
        assert living.free_abandoned() == 1
        assert living.take(surfaces=("mcp",)) is not None

    def test_such_a_question_is_freed_when_no_asker_waits_so_long(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ):
        away, living = Inbox(engine), Inbox(engine)
        away.add(name(1), message(surface="http"))
        monkeypatch.setattr("bot.storage.inbox_entry.CALL_SECONDS", -60.0)
        assert living.free_abandoned() == 1
        assert living.take(surfaces=("http",)) is not None

    def test_a_process_that_ends_hands_such_questions_back(self, engine: Engine):
        ending, living = Inbox(engine), Inbox(engine)
        ending.add(name(1), message(surface="http"))
        ending.hand_back_all()
        assert living.take(surfaces=("http",)) is not None

    def test_a_scope_survives_the_inbox(self, engine: Engine):
        inbox, scope = Inbox(engine), Scope(("docs", "blog"), "guide", "2.0", "en")
        inbox.add(name(1), message(surface="http", scope=scope))
        taken = inbox.take(surfaces=("http",))
        assert taken is not None
        assert taken.message.scope == scope

    def test_who_renews_keeps_them(self, engine: Engine):
        inbox, other = Inbox(engine), Inbox(engine)
        inbox.add(name(1), message())
        inbox.take()
        expire(engine)
        assert inbox.renew([name(1)]) == {name(1): ""}
        assert other.free_abandoned() == 0

    def test_one_that_was_put_back_and_not_taken_yet_is_taken_again(self, engine: Engine):
        inbox, other = Inbox(engine), Inbox(engine)
        inbox.add(name(1), message())
        inbox.take()
        expire(engine)
        other.free_abandoned()
        assert inbox.renew([name(1)]) == {name(1): ""}
        assert other.take() is None

    def test_one_that_nobody_in_its_process_knows_is_put_back(self, inbox: Inbox, engine: Engine):
        for number in range(2):
            inbox.add(name(number), message(f"{number}.0"))
            inbox.take()
        expire(engine)
        assert inbox.free_abandoned(keep=[name(1)]) == 1
        assert take_all(inbox) == ["0.0"]

    def test_one_of_another_database_is_missing(self, inbox: Inbox):
        assert inbox.renew([name(1)]) == {name(1): "missing"}

    def test_who_lost_one_does_not_end_it(self, engine: Engine):
        dead, living = Inbox(engine, process=GONE), Inbox(engine)
        dead.add(name(1), message())
        dead.take()
        expire(engine)
        living.free_abandoned()
        living.take()
        assert dead.renew([name(1)]) == {name(1): "lost"}
        assert not dead.end(name(1), "answered")
        assert living.end(name(1), "answered")

    def test_who_lost_the_lease_ends_what_nobody_took(self, engine: Engine):
        slow, other = Inbox(engine, process=GONE), Inbox(engine)
        slow.add(name(1), message())
        slow.take()
        expire(engine)
        other.free_abandoned()
        assert not slow.record_stage(name(1), FINISHING)
        assert slow.end(name(1), "answered")
        assert other.take() is None

    def test_all_of_a_process_are_handed_back(self, engine: Engine):
        inbox, other = Inbox(engine), Inbox(engine)
        for number in range(2):
            inbox.add(name(number), message(f"{number}.0"))
            inbox.take()
        inbox.end(name(0), "answered")
        inbox.hand_back_all()
        assert take_all(other) == ["1.0"]

    def test_a_postponed_one_is_taken_later(self, engine: Engine):
        inbox = Inbox(engine)
        inbox.add(name(1), message())
        inbox.take()
        inbox.postpone(name(1), 30)
        assert inbox.free_abandoned() == 0
        expire(engine)
        assert inbox.free_abandoned() == 1
        assert take_all(inbox) == ["1.0"]


class TestEnd:
    def test_it_never_comes_back_and_leaves_no_text(
        self, engine: Engine, inbox: Inbox, view: InboxView
    ):
        inbox.add(name(1), message(), response_url="https://hooks/1")
        inbox.take()
        assert inbox.end(name(1), "answered", posted=["7.0"])
        expire(engine)
        assert inbox.free_abandoned() == 0
        assert not inbox.add(name(2), message())
        assert inbox.take() is None
        with engine.connect() as connection:
            [row] = connection.execute(tables.inbox.select())
        assert (row.status, row.message, row.response_url) == ("answered", "", "")
        assert view.list_posted("C0", "1.0") == {"7.0"}
        assert view.find_last_posted(QuestionFilter("C0", ts="1.0"), but="") == ("7.0",)
        assert view.find_last_posted(QuestionFilter("C0", ts="1.0"), but=name(1)) == ()

    def test_after_a_refusal_only_others_may_ask_about_the_message(self, inbox: Inbox):
        inbox.add(name(1), message())
        inbox.take()
        inbox.end(name(1), "told", free_key=True)
        assert not inbox.add(name(2), message())
        assert inbox.add(name(3), message(user="U2"))

    def test_its_messages_are_recorded_while_it_is_open(self, inbox: Inbox):
        inbox.add(name(1), message())
        assert inbox.record_posted(name(1), ["7.0"])
        inbox.take()
        assert inbox.record_posted(name(1), ["7.0"])
        inbox.end(name(1), "answered")
        assert not inbox.record_posted(name(1), ["7.0"])

    def test_what_was_no_question_is_forgotten(self, inbox: Inbox, view: InboxView):
        inbox.add(name(1), message(audience="thread"))
        inbox.take()
        inbox.forget(name(1))
        assert not view.has_message(MessageKey("T0", "C0", "1.0"))

    def test_old_ones_are_purged_and_open_ones_stay(self, engine: Engine, inbox: Inbox):
        for number in range(3):
            inbox.add(name(number), message(f"{number}.0"))
        for number in range(2):
            inbox.take()
            inbox.end(name(number), "answered")
        with engine.begin() as connection:
            old = update(tables.inbox).where(tables.inbox.c.id == name(0))
            connection.execute(old.values(ended_at=DatabaseMoment(-100)))
        inbox.purge(older_than=50)
        with engine.connect() as connection:
            left = {row.id for row in connection.execute(tables.inbox.select())}
        assert left == {name(1), name(2)}


class TestSignals:
    def send(self, inbox: Inbox, where: QuestionFilter, but: str = "") -> tuple[list[str], int]:
        ended, count = inbox.send("stop", where.build(but))
        return [entry.id for entry in ended], count

    @pytest.fixture
    def two(self, engine: Engine, inbox: Inbox) -> InboxEntry:
        """One question that waits, and one that another process answers."""
        other = Inbox(engine, process=GONE)
        inbox.add(name(1), message("1.0", thread_ts="0.5"))
        entry = other.take()
        assert entry is not None
        other.record_posted(name(1), ["7.0", "8.0"])
        inbox.add(name(2), message("2.0", thread_ts="0.5"))
        return entry

    def test_it_reaches_the_process_that_answers(
        self, engine: Engine, inbox: Inbox, two: InboxEntry
    ):
        assert self.send(inbox, QuestionFilter("C0", ts="1.0")) == ([], 1)
        assert Inbox(engine, process=GONE).read_standings([two.id]) == {two.id: "stop"}

    @pytest.mark.usefixtures("two")
    def test_what_nobody_answers_yet_ends_at_once(self, inbox: Inbox):
        assert self.send(inbox, QuestionFilter("C0", ts="2.0")) == ([name(2)], 1)
        assert inbox.take() is None

    @pytest.mark.usefixtures("two")
    def test_it_reaches_all_of_a_thread(self, inbox: Inbox):
        assert self.send(inbox, QuestionFilter("C0", thread_ts="0.5")) == ([name(2)], 2)

    @pytest.mark.usefixtures("two")
    def test_one_may_be_left_alone(self, inbox: Inbox):
        assert self.send(inbox, QuestionFilter("C0", thread_ts="0.5"), name(2)) == ([], 1)

    @pytest.mark.usefixtures("two")
    @pytest.mark.parametrize("ts", ["7.0", "8.0"])
    def test_it_reaches_the_question_behind_docents_message(self, inbox: Inbox, ts: str):
        assert self.send(inbox, QuestionFilter("C0", posted=ts)) == ([], 1)

    @pytest.mark.usefixtures("two")
    @pytest.mark.parametrize(
        "elsewhere",
        [
            QuestionFilter("C1", thread_ts="0.5"),
            QuestionFilter("C0", ts="1.00"),
            QuestionFilter("C0", ts="9.0"),
            QuestionFilter("C0", posted="9.0"),
        ],
    )
    def test_it_reaches_no_others(self, inbox: Inbox, elsewhere: QuestionFilter):
        assert self.send(inbox, elsewhere) == ([], 0)

    def test_memory_and_database_select_the_same(
        self, engine: Engine, inbox: Inbox, view: InboxView
    ):
        del engine
        inbox.add(name(1), message("1.0", edited_ts="2.0"))
        inbox.take()
        inbox.record_posted(name(1), ["7.0"])
        for where in (
            QuestionFilter("C0", ts="1.0"),
            QuestionFilter("C0", thread_ts="1.0"),
            QuestionFilter("C0", posted="7.0"),
            QuestionFilter("C0", ts="2.0"),
            QuestionFilter("C1"),
        ):
            found = view.list_open(where)
            assert bool(found) == where.is_fit(message("1.0", edited_ts="2.0"), ("7.0",))


class TestVersions:
    def test_the_latest_edit_is_found(self, inbox: Inbox, view: InboxView):
        key = MessageKey("T0", "C0", "1.0")
        assert view.find_latest_version(key, but="") == ""
        first, second = (message(edited_ts=f"{number}.0") for number in (2, 3))
        inbox.add(name(1), second)
        inbox.take()
        inbox.end(name(1), "answered")
        inbox.add(name(2), first)
        assert view.find_latest_version(key, but=name(2)) == second.version > first.version
        assert view.find_latest_version(key, but=name(1)) == first.version

    def test_a_questions_own_messages_can_be_left_out(self, inbox: Inbox, view: InboxView):
        for number in range(2):
            inbox.add(name(number), message(f"{number}.0", thread_ts="0.5"))
            inbox.record_posted(name(number), [f"7{number}.0"])
        assert view.list_posted("C0", "0.5", but=name(1)) == {"70.0"}


class TestThreads:
    def test_a_thread_is_known_while_docent_is_asked_there(self, inbox: Inbox, view: InboxView):
        assert not view.has_thread("T0", "C0", "0.5")
        inbox.add(name(1), message("1.0", thread_ts="0.5"))
        assert view.has_thread("T0", "C0", "0.5")
        assert not view.has_thread("T0", "C0", "0.6")
        assert not view.has_thread("T1", "C0", "0.5")
        inbox.take()
        inbox.end(name(1), "given_up")
        assert not view.has_thread("T0", "C0", "0.5")
