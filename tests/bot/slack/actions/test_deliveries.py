"""Deliveries: a payload is held once, by one process of several, and again after a death."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from bot.slack.actions.deliveries import Deliveries, read_delivery
from bot.storage.claims import Claims
from ingest.errors import StateError
from ingest.state.database import open_state
from tests.bot.storage.test_claims import age


class Broken:
    """Claims of a state database that can't be used."""

    def hold(self, _: object) -> object:
        raise StateError("the disk is gone")


@pytest.fixture
def engine(tmp_path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield engine
    engine.dispose()


async def is_first(deliveries: Deliveries, delivery: str) -> bool:
    async with deliveries.hold(delivery) as held:
        return held


async def test_one_process_holds_a_payload_once(engine: Engine):
    deliveries = Deliveries(Claims(engine))
    assert [await is_first(deliveries, each) for each in ("a", "a", "b")] == [True, False, True]


async def test_of_two_processes_one_holds_it(engine: Engine):
    first, second = Deliveries(Claims(engine)), Deliveries(Claims(engine))
    async with first.hold("a") as held:
        assert held
        assert not await is_first(second, "a")
    assert not await is_first(Deliveries(Claims(engine)), "a")


async def test_the_payload_of_a_process_that_died_can_be_carried_out(engine: Engine):
    assert await Deliveries(Claims(engine)).hold("a").__aenter__()
    age(engine, timedelta(minutes=2))
    assert await is_first(Deliveries(Claims(engine)), "a")


async def test_what_failed_can_be_carried_out_by_the_next_delivery(engine: Engine):
    deliveries = Deliveries(Claims(engine))
    with pytest.raises(ZeroDivisionError):
        async with deliveries.hold("a"):
            raise ZeroDivisionError
    assert await is_first(deliveries, "a")


async def test_without_the_database_a_process_knows_its_own_alone():
    deliveries = Deliveries(Broken())
    assert [await is_first(deliveries, each) for each in ("a", "a")] == [True, False]


async def test_what_has_no_identity_is_always_carried_out(engine: Engine):
    deliveries = Deliveries(Claims(engine))
    assert [await is_first(deliveries, "") for _ in range(2)] == [True, True]


CLICK = {"user": {"id": "U1"}, "actions": [{"action_id": "rate", "action_ts": "1.5"}]}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"trigger_id": "1.2.ab", **CLICK}, "1.2.ab"),
        ({"user_id": "U1", "response_url": "https://hooks/1"}, "https://hooks/1"),
        (CLICK, "U1 rate 1.5"),
        ({"user": {"id": "U1"}, "view": {"id": "V1", "hash": "7.x"}}, "U1 V1 7.x"),
        ({"user": {"id": "U1"}}, ""),
    ],
)
def test_a_payload_has_one_identity(payload: dict, expected: str):
    assert read_delivery(payload) == expected


def test_a_second_click_has_another_identity():
    later = {**CLICK, "actions": [{"action_id": "rate", "action_ts": "2.5"}]}
    assert read_delivery(CLICK) != read_delivery(later)
