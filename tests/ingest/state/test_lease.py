from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, update

from ingest.errors import SyncRunningError
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from ingest.state.tables import leases

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(ledger: Ledger, clock: Clock) -> SyncLease:
    return SyncLease(ledger.engine, name="sync", now=clock)


def change(engine: Engine, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(update(leases).values(**values))


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_one_at_a_time(lease: SyncLease):
    with lease.hold() as held:
        held.confirm()
        with (
            pytest.raises(SyncRunningError, match=f"2026-07-01 12:00 UTC.*process {os.getpid()}"),
            lease.hold(),
        ):
            pytest.fail("two hold the lease")
    with lease.hold():
        pass


def test_it_is_given_back_after_an_error(lease: SyncLease):
    with pytest.raises(ZeroDivisionError), lease.hold():
        _ = 1 / 0
    with lease.hold():
        pass


def test_another_index_has_a_lease_of_its_own(lease: SyncLease, ledger: Ledger):
    with lease.hold(), SyncLease(ledger.engine, name="other").hold():
        pass


@pytest.mark.parametrize("change_to", ["dead", "earlier"])
def test_a_holder_whose_process_is_gone_loses_it_at_once(
    lease: SyncLease, engine: Engine, change_to: str
):
    with lease.hold() as held:
        # The second: the same number in a restarted container.
        change(engine, **({"pid": dead_pid()} if change_to == "dead" else {"process": "earlier"}))
        with lease.hold(), pytest.raises(SyncRunningError, match="took over"):
            held.confirm()


def test_a_holder_elsewhere_loses_it_after_its_time(lease: SyncLease, engine: Engine, clock: Clock):
    with lease.hold():
        change(engine, host=f"not-{socket.gethostname()}", pid=1)
        clock.now += timedelta(seconds=59)
        with pytest.raises(SyncRunningError), lease.hold():
            pytest.fail("the lease was not over")
        clock.now += timedelta(seconds=1)
        with lease.hold():
            pass


@pytest.mark.parametrize("change_to", ["dead", "earlier"])
def test_a_holder_elsewhere_is_not_looked_for_among_the_processes_here(
    lease: SyncLease, engine: Engine, change_to: str
):
    with lease.hold() as held:
        gone = {"pid": dead_pid()} if change_to == "dead" else {"process": "earlier"}
        change(engine, host=f"not-{socket.gethostname()}", **gone)
        with pytest.raises(SyncRunningError), lease.hold():
            pytest.fail("a holder on another machine lost the lease")
        held.confirm()


def test_a_sign_of_life_prolongs_it(lease: SyncLease, engine: Engine, clock: Clock):
    with lease.hold() as held:
        change(engine, host="elsewhere")
        clock.now += timedelta(seconds=59)
        held.confirm()
        clock.now += timedelta(seconds=59)
        with pytest.raises(SyncRunningError), lease.hold():
            pytest.fail("the lease was not over")


def test_the_heart_beats_until_the_lease_is_lost(ledger: Ledger, engine: Engine, clock: Clock):
    beating = SyncLease(ledger.engine, name="sync", ttl=timedelta(milliseconds=4), now=clock)
    with beating.hold() as held:
        clock.now += timedelta(hours=1)
        with engine.begin() as connection:
            connection.execute(leases.delete())
        held.keep_alive(stop=_Never())


class _Never:
    def wait(self, timeout: float) -> bool:
        assert timeout == 0.001
        return False


def test_the_lease_is_renewed_again_after_an_error(
    lease: SyncLease, engine: Engine, caplog: pytest.LogCaptureFixture
):
    with lease.hold() as held:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE leases RENAME TO away")

        def repair() -> bool:
            with engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE away RENAME TO leases")
            return False

        held.keep_alive(stop=_Script(lambda: False, repair, lambda: True))
        held.confirm()
    assert caplog.text.count("could not be renewed") == 1


def test_an_error_is_not_hidden_by_giving_back(lease: SyncLease, engine: Engine):
    with pytest.raises(ZeroDivisionError), lease.hold():
        _ = leases.drop(engine) or 1 / 0


class _Script:
    """Says at each wait whether to stop."""

    def __init__(self, *steps: Callable[[], bool]) -> None:
        self._steps = iter(steps)

    def wait(self, timeout: float) -> bool:
        del timeout
        return next(self._steps)()


def test_of_two_that_come_at_once_one_gets_it(lease: SyncLease, engine: Engine, clock: Clock):
    calls = itertools.count()
    with lease.hold(), contextlib.ExitStack() as rival:
        change(engine, process="earlier")

        def slow() -> datetime:
            # The third time, the dead holder was seen, and the place is about to be taken.
            if next(calls) == 2:
                rival.enter_context(lease.hold())
            return clock()

        with (
            pytest.raises(SyncRunningError, match="just begun"),
            SyncLease(engine, name="sync", now=slow).hold(),
        ):
            pytest.fail("two hold the lease")


def test_a_lease_given_back_that_very_moment_is_as_good_as_held(lease: SyncLease, engine: Engine):
    def given_back(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            with engine.begin() as connection:
                connection.execute(leases.delete())

    with lease.hold():
        event.listen(engine, "before_cursor_execute", given_back)
        with pytest.raises(SyncRunningError, match="just begun"), lease.hold():
            pytest.fail("it was not there to be taken over")


def test_a_living_holder_keeps_it_and_comes_to_no_harm(lease: SyncLease, engine: Engine):
    waits = [sys.executable, "-c", "input()"]
    with lease.hold(), subprocess.Popen(waits, stdin=subprocess.PIPE) as holder:
        change(engine, pid=holder.pid)
        with pytest.raises(SyncRunningError, match=f"process {holder.pid}"), lease.hold():
            pytest.fail("the holder lives")
        holder.communicate(b"\n")
    assert holder.returncode == 0


def test_a_holder_of_another_user_keeps_it(
    lease: SyncLease, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    with lease.hold():
        change(engine, pid=os.getpid() + 1)
        monkeypatch.setattr(os, "kill", refuse)
        with pytest.raises(SyncRunningError), lease.hold():
            pytest.fail("the holder lives")


def test_the_usual_clock_tells_whether_a_lease_is_over(ledger: Ledger):
    usual = SyncLease(ledger.engine, name="sync")
    with usual.hold():
        with pytest.raises(SyncRunningError), usual.hold():
            pytest.fail("two hold the lease")
        change(ledger.engine, expires_at=datetime.now(UTC))
        with usual.hold():
            pass
