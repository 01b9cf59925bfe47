from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, update

from ingest.errors import SyncRunningError
from ingest.state import lease as module
from ingest.state.database_clock import DatabaseMoment
from ingest.state.lease import TTL, SyncLease
from ingest.state.ledger import Ledger
from ingest.state.process_identity import describe_process
from ingest.state.tables import leases

DESCRIBES = (
    "from ingest.state.process_identity import describe_process; "
    "print(describe_process(), flush=True); input()"
)


@pytest.fixture
def lease(ledger: Ledger) -> SyncLease:
    return SyncLease(ledger.engine, name="sync")


def change(engine: Engine, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(update(leases).values(**values))


def read_times(engine: Engine) -> tuple[datetime, datetime]:
    with engine.connect() as connection:
        row = connection.execute(select(leases.c.acquired_at, leases.c.expires_at)).one()
    return row.acquired_at, row.expires_at


def describe(**fields: str) -> str:
    """Return the description of this process with other fields."""
    names = ("boot", "namespace", "number", "start", "token")
    return " ".join((dict(zip(names, describe_process().split(), strict=True)) | fields).values())


@contextlib.contextmanager
def run_other() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run another process; yield it and its description."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    root = {"PYTHONPATH": str(Path(module.__file__).parents[2])}
    command = [sys.executable, "-c", DESCRIBES]
    with subprocess.Popen(command, env=os.environ | root, **pipes) as process:
        yield process, process.stdout.readline().strip()
        process.kill()


def test_one_at_a_time(lease: SyncLease, engine: Engine):
    with lease.hold() as held:
        held.confirm()
        since, _ = read_times(engine)
        with (
            pytest.raises(SyncRunningError, match=f"{since:%Y-%m-%d %H:%M} UTC.*{os.getpid()} on"),
            lease.hold(),
        ):
            pytest.fail("two hold the lease")
    with lease.hold():
        pass


def test_it_begins_now_and_ends_after_its_time(lease: SyncLease, engine: Engine):
    began = datetime.now(UTC) - timedelta(milliseconds=2)
    with lease.hold():
        acquired, expires = read_times(engine)
        assert began <= acquired <= datetime.now(UTC) + timedelta(milliseconds=2)
        assert TTL <= expires - acquired < TTL + timedelta(seconds=5)


def test_it_is_given_back_after_an_error(lease: SyncLease):
    with pytest.raises(ZeroDivisionError), lease.hold():
        _ = 1 / 0
    with lease.hold():
        pass


def test_another_index_has_a_lease_of_its_own(lease: SyncLease, ledger: Ledger):
    long = "sync:" + "x" * 300
    with (
        lease.hold(),
        SyncLease(ledger.engine, name=f"{long}1").hold(),
        SyncLease(ledger.engine, name=f"{long}2").hold(),
    ):
        pass


def test_a_holder_whose_process_has_ended_loses_it_at_once(lease: SyncLease, engine: Engine):
    with lease.hold() as held, run_other() as (process, description):
        change(engine, process=description, pid=process.pid)
        with pytest.raises(SyncRunningError, match=f"process {process.pid}"), lease.hold():
            pytest.fail("the holder lives")
        process.kill()
        process.wait()
        with lease.hold(), pytest.raises(SyncRunningError, match="took over"):
            held.confirm()


@pytest.mark.parametrize("fields", [{"token": "earlier"}, {"number": str(2**22 + 1)}])
def test_an_earlier_holder_with_a_number_that_is_used_again_loses_it(
    lease: SyncLease, engine: Engine, fields: dict[str, str]
):
    with lease.hold():
        change(engine, process=describe(**fields))
        with lease.hold():
            pass


@pytest.mark.parametrize("elsewhere", [{"boot": "b2"}, {"namespace": "pid:[1]"}, {"boot": "-"}])
def test_a_holder_elsewhere_loses_it_after_its_time_only(
    lease: SyncLease, engine: Engine, elsewhere: dict[str, str]
):
    """The host may have the same name, and the number may be free or another process here."""
    with lease.hold() as held:
        for number in (str(os.getpid()), str(2**22 + 1)):
            change(engine, process=describe(number=number, token="earlier", **elsewhere))
            with pytest.raises(SyncRunningError), lease.hold():
                pytest.fail("a holder on another machine lost the lease")
        held.confirm()
        change(engine, expires_at=DatabaseMoment(1))
        with pytest.raises(SyncRunningError), lease.hold():
            pytest.fail("the lease was not over")
        change(engine, expires_at=DatabaseMoment(0))
        with lease.hold():
            pass


def test_a_holder_of_an_earlier_docent_keeps_it_for_its_time(lease: SyncLease, engine: Engine):
    with lease.hold():
        change(engine, process="8f1b2c0a8f1b2c0a8f1b2c0a8f1b2c0a")
        with pytest.raises(SyncRunningError), lease.hold():
            pytest.fail("the lease was not over")


def test_a_sign_of_life_prolongs_it(lease: SyncLease, engine: Engine):
    with lease.hold() as held:
        change(engine, process=describe(boot="b2"), expires_at=DatabaseMoment(-1))
        held.confirm()
        with pytest.raises(SyncRunningError), lease.hold():
            pytest.fail("the lease was not over")


def test_the_heart_beats_until_the_lease_is_lost(ledger: Ledger, engine: Engine):
    beating = SyncLease(ledger.engine, name="sync", ttl=timedelta(milliseconds=4))
    with beating.hold() as held:
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


@pytest.mark.parametrize("is_over", [True, False])
def test_of_many_that_come_at_once_one_gets_it(lease: SyncLease, engine: Engine, is_over: bool):
    start, won, lost = threading.Barrier(6), [], []
    everyone_tried = threading.Barrier(6)

    def come() -> None:
        start.wait()
        with contextlib.ExitStack() as stack:
            try:
                won.append(stack.enter_context(lease.hold()))
            except SyncRunningError as error:
                lost.append(str(error))
            everyone_tried.wait()

    with lease.hold():
        if is_over:
            change(engine, expires_at=DatabaseMoment(-1), process=describe(boot="b2"))
        else:
            change(engine, process=describe(token="earlier"))
        threads = [threading.Thread(target=come) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(won), len(lost)) == (1, 5)


def test_a_rival_that_is_quicker_keeps_it(
    lease: SyncLease, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    with lease.hold(), contextlib.ExitStack() as rival:
        change(engine, process=describe(token="earlier"))

        def look(_description: str) -> bool:
            monkeypatch.undo()
            rival.enter_context(lease.hold())
            return True

        monkeypatch.setattr(module, "is_process_gone", look)
        with pytest.raises(SyncRunningError, match="just begun"), lease.hold():
            pytest.fail("two hold the lease")


def test_a_lease_given_back_that_very_moment_is_as_good_as_held(lease: SyncLease, engine: Engine):
    def given_back(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT leases"):
            with engine.begin() as connection:
                connection.execute(leases.delete())

    with lease.hold():
        event.listen(engine, "before_cursor_execute", given_back)
        with pytest.raises(SyncRunningError, match="just begun"), lease.hold():
            pytest.fail("it was not there to be taken over")
