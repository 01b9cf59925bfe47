"""One message, one answer: whatever the number of deliveries and processes."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update

from bot.storage import tables
from bot.storage.claims import LEASE, Claims
from bot.types import MessageKey
from ingest.errors import StateError

KEY = MessageKey("T1", "C1", "1700000000.000100")


def age(engine: Engine, passed: timedelta) -> None:
    """Let all claims be older, as if the time had passed."""
    columns = tables.claims.c
    with engine.begin() as connection:
        for row in connection.execute(select(tables.claims)).all():
            connection.execute(
                update(tables.claims)
                .where(columns.team == row.team, columns.channel == row.channel)
                .where(columns.ts == row.ts)
                .values(claimed_at=row.claimed_at - passed, expires_at=row.expires_at - passed)
            )


def test_of_many_at_once_one_gets_the_message(engine: Engine):
    replicas = [Claims(engine) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda claims: claims.take(KEY), replicas))
    assert taken.count(True) == 1


def test_another_message_is_another_claim(engine: Engine):
    claims = Claims(engine)
    assert claims.take(KEY)
    assert claims.take(MessageKey("T1", "C1", "1700000000.000200"))
    assert claims.take(MessageKey("T1", "C2", KEY.ts))
    assert claims.take(MessageKey("T2", "C1", KEY.ts))


def test_a_dead_claim_is_taken_over_once(engine: Engine):
    dead, second, third = (Claims(engine) for _ in range(3))
    assert dead.take(KEY)
    assert not second.take(KEY)
    age(engine, LEASE + timedelta(seconds=1))
    assert second.take(KEY)
    assert not third.take(KEY)
    assert not dead.renew(KEY)


def test_the_clock_of_a_machine_counts_for_nothing(engine: Engine):
    """No statement has a moment that this machine has told."""
    told: list[str] = []
    claims = Claims(engine)

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, _statement: str, parameters: Any, *_: object):
        values = parameters.values() if isinstance(parameters, dict) else parameters
        told.extend(str(value) for value in values)

    assert claims.take(KEY)
    assert claims.renew(KEY)
    claims.purge(older_than=timedelta(days=1))
    assert KEY.ts in told
    assert [value for value in told if re.match(r"\d{4}-\d\d-\d\d", value)] == []


def test_the_lease_ends_before_slacks_retry_of_a_minute():
    assert timedelta(0) < LEASE < timedelta(minutes=1)


def test_a_renewed_claim_lives_on(engine: Engine):
    holder, other = Claims(engine), Claims(engine)
    holder.take(KEY)
    age(engine, LEASE * 0.9)
    assert holder.renew(KEY)
    age(engine, LEASE * 0.9)
    assert not other.take(KEY)


def test_an_answered_message_is_never_taken_again(engine: Engine):
    claims = Claims(engine)
    claims.take(KEY)
    claims.settle(KEY)
    age(engine, timedelta(days=1))
    assert not Claims(engine).take(KEY)


def test_who_lost_a_claim_can_not_settle_or_release_it(engine: Engine):
    dead, heir = Claims(engine), Claims(engine)
    dead.take(KEY)
    age(engine, LEASE * 2)
    heir.take(KEY)
    dead.settle(KEY)
    dead.release(KEY)
    age(engine, LEASE * 2)
    assert Claims(engine).take(KEY)


def test_old_claims_are_forgotten(engine: Engine):
    claims = Claims(engine)
    claims.take(KEY)
    claims.settle(KEY)
    age(engine, timedelta(days=31))
    assert claims.purge(older_than=timedelta(days=30)) == 1
    assert claims.purge(older_than=timedelta(days=30)) == 0


async def test_a_block_that_ends_well_settles(engine: Engine):
    claims = Claims(engine)
    async with claims.hold(KEY) as mine:
        assert mine
    async with claims.hold(KEY) as mine:
        assert not mine


async def test_a_block_that_fails_gives_the_message_back(engine: Engine):
    claims = Claims(engine)
    with pytest.raises(RuntimeError):
        async with claims.hold(KEY):
            raise RuntimeError
    assert claims.take(KEY)


async def test_a_held_claim_is_renewed(engine: Engine):
    renewed = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Watched(Claims):
        def renew(self, key: MessageKey) -> bool:
            assert key == KEY
            loop.call_soon_threadsafe(renewed.set)
            return super().renew(key)

    async with Watched(engine, lease=timedelta(milliseconds=30)).hold(KEY):
        async with asyncio.timeout(10):
            await renewed.wait()


def test_a_broken_database_is_one_sentence(engine: Engine):
    claims = Claims(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE bot_claims"))
    with pytest.raises(StateError, match="can't be used"):
        claims.take(KEY)


NEIGHBOURS = [
    MessageKey("T1", "C1", "1700000000.000200"),
    MessageKey("T1", "C2", KEY.ts),
    MessageKey("T2", "C1", KEY.ts),
]


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_neighbours_of_a_message_are_left_alone(engine: Engine, neighbour: MessageKey):
    claims = Claims(engine)
    claims.take(KEY)
    claims.take(neighbour)
    assert not claims.is_settled(KEY)
    claims.settle(KEY)
    assert claims.is_settled(KEY)
    assert not claims.is_settled(neighbour)
    claims.release(KEY)
    assert claims.renew(neighbour)
    assert not claims.take(neighbour)


def test_a_claim_lasts_almost_to_its_end(engine: Engine):
    Claims(engine).take(KEY)
    age(engine, LEASE - timedelta(seconds=15))
    assert not Claims(engine).take(KEY)


def test_young_claims_are_not_forgotten(engine: Engine):
    claims = Claims(engine)
    claims.take(KEY)
    assert claims.purge(older_than=timedelta(days=30)) == 0
    age(engine, timedelta(days=30) - timedelta(minutes=1))
    assert claims.purge(older_than=timedelta(days=30)) == 0


async def test_a_claim_is_renewed_thrice_in_its_time_and_no_longer_than_it_is_held(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    slept: list[float] = []
    began, ended = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with asyncio.timeout(10):
        async with Claims(engine, lease=timedelta(seconds=30)).hold(KEY):
            await began.wait()
        await ended.wait()
    assert slept == [10]


async def test_trouble_with_the_database_does_not_take_the_answer_back(
    engine: Engine, caplog: pytest.LogCaptureFixture
):
    async with Claims(engine).hold(KEY) as mine:
        assert mine
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE bot_claims"))
    assert "could not be updated" in caplog.text
