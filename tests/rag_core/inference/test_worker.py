from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest

from rag_core.cancellation import Cancellation
from rag_core.errors import BusyError, ModelError
from rag_core.inference.worker import Worker, WorkQueue
from tests.rag_core.waiting import wait_until

WAIT = 10


class Served:
    """Serves queues and logs each batch; "gate" waits, "broken" fails."""

    def __init__(self) -> None:
        self.log: list[list[Any]] = []
        self.started = threading.Event()
        self.gate = threading.Event()

    def __call__(self, items: Sequence[Any]) -> list[str]:
        self.log.append(list(items))
        if "gate" in items:
            self.started.set()
            assert self.gate.wait(WAIT)
        if "broken" in items:
            raise ModelError("broken")
        return [f"{item}!" for item in items]


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def first(served) -> WorkQueue:
    return WorkQueue(served, batch_limit=3)


@pytest.fixture
def second(served) -> WorkQueue:
    return WorkQueue(served, gives_way=True)


@pytest.fixture
def worker(served, first, second) -> Iterator[Worker]:
    made = Worker((first, second), slots=2)
    yield made
    served.gate.set()
    made.close()


@pytest.fixture
def pool(worker) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads
        worker.close()  # or a unit that waits would keep its thread


@pytest.fixture
def submit(worker, pool):
    """Puts a unit into a queue, so that the next one comes behind it."""

    def submit(queue: WorkQueue, item: str):
        before = worker.waiting
        future = pool.submit(worker.run, queue, item)
        wait_until(lambda: worker.waiting > before or future.done())
        return future

    return submit


@pytest.fixture
def held(served, first, pool, worker):
    """The worker is at work until the gate opens."""
    future = pool.submit(worker.run, first, "gate")
    assert served.started.wait(WAIT)
    return future


@pytest.mark.usefixtures("held")
def test_the_first_queue_is_served_first(served, first, second, submit):
    futures = [submit(second, "a"), submit(first, "b"), submit(second, "c"), submit(first, "d")]
    served.gate.set()
    assert [future.result(WAIT) for future in futures] == ["a!", "b!", "c!", "d!"]
    assert served.log == [["gate"], ["b", "d"], ["a"], ["c"]]


@pytest.mark.usefixtures("held")
def test_a_batch_has_no_more_units_than_the_queue_allows(served, first, submit):
    futures = [submit(first, str(number)) for number in range(7)]
    served.gate.set()
    assert [future.result(WAIT) for future in futures] == [f"{number}!" for number in range(7)]
    assert served.log[1:] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


@pytest.mark.usefixtures("held")
def test_one_that_fails_does_not_take_the_others_with_it(served, first, submit):
    good, broken, also_good = (submit(first, item) for item in ("a", "broken", "b"))
    served.gate.set()
    assert (good.result(WAIT), also_good.result(WAIT)) == ("a!", "b!")
    with pytest.raises(ModelError, match="broken"):
        broken.result(WAIT)


def test_a_queue_that_loses_a_result_fails_and_the_worker_lives(first):
    lossy = WorkQueue(lambda items: items[1:], batch_limit=3)
    worker = Worker((lossy, first), slots=1)
    try:
        with pytest.raises(ModelError, match="zip"):
            worker.run(lossy, "a")
        assert worker.run(first, "b") == "b!"
    finally:
        worker.close()


# Slots


def test_a_slot_is_refused_when_all_are_taken(worker):
    with worker.hold_slot(), worker.hold_slot():
        with pytest.raises(BusyError, match="number 3 in line") as raised, worker.hold_slot():
            pytest.fail("there is no third slot")
        assert raised.value.position == 3
        assert worker.slots_taken == 2
    assert worker.slots_taken == 0


@pytest.mark.parametrize("error", [ModelError("gone"), GeneratorExit()])
def test_a_slot_is_free_again_after_an_error(worker, error):
    with pytest.raises(type(error)), worker.hold_slot():
        raise error
    assert worker.slots_taken == 0


def test_while_a_question_holds_a_slot_indexing_waits(worker, served, first, second, submit):
    worker.question_times.add(3600)
    with worker.hold_slot():
        indexing = submit(second, "indexing")
        for item in ("embed", "rerank"):
            assert worker.run(first, item) == f"{item}!"
        assert not indexing.done()
    assert indexing.result(WAIT) == "indexing!"
    assert served.log == [["embed"], ["rerank"], ["indexing"]]


def test_a_question_that_takes_no_step_does_not_hold_indexing_up(worker, second):
    worker.question_times.add(0.001)
    with worker.hold_slot():
        assert worker.run(second, "indexing") == "indexing!"


@pytest.mark.usefixtures("held")
def test_indexing_goes_on_below_questions_that_never_end(worker, served, first, second, submit):
    worker.question_times.add(0.0)
    with worker.hold_slot():
        futures = [submit(first, "a"), submit(second, "b"), submit(first, "c"), submit(second, "d")]
        served.gate.set()
        for future in futures:
            future.result(WAIT)
    assert served.log == [["gate"], ["b"], ["d"], ["a", "c"]]


def test_only_a_question_that_was_alone_is_timed(worker):
    unknown = worker.question_times.allowance
    with worker.hold_slot(), worker.hold_slot():
        pass
    assert worker.question_times.allowance == unknown
    with pytest.raises(ModelError), worker.hold_slot():
        raise ModelError("gone")
    assert worker.question_times.allowance == unknown
    with worker.hold_slot():
        pass
    assert worker.question_times.allowance < unknown


# Cancelling


@pytest.fixture
def ask(worker, pool):
    """A question that holds a slot while one unit of it waits in a queue."""

    def ask(cancellation: Cancellation, queue: WorkQueue, item: str):
        def question():
            with cancellation.activate(), worker.hold_slot():
                return worker.run(queue, item)

        return pool.submit(question)

    return ask


@pytest.mark.usefixtures("held")
def test_a_cancelled_question_frees_its_slot_and_is_never_computed(worker, served, first, ask):
    cancellation, other = Cancellation(), Cancellation()
    gone, stays = ask(cancellation, first, "gone"), ask(other, first, "stays")
    wait_until(lambda: worker.waiting == 2)
    cancellation.cancel()
    with pytest.raises(CancelledError):
        gone.result(WAIT)
    assert worker.slots_taken == 1  # while the worker is still at the gate
    served.gate.set()
    assert stays.result(WAIT) == "stays!"
    assert served.log == [["gate"], ["stays"]]


@pytest.mark.usefixtures("held")
def test_the_worker_goes_on_after_all_units_were_cancelled(worker, served, first, ask, submit):
    cancellation = Cancellation()
    gone = [ask(cancellation, first, item) for item in "ab"]
    wait_until(lambda: worker.waiting == 2)
    cancellation.cancel()
    for future in gone:
        assert isinstance(future.exception(WAIT), CancelledError)
    served.gate.set()
    assert submit(first, "next").result(WAIT) == "next!"
    assert served.log == [["gate"], ["next"]]


def test_a_question_that_was_cancelled_gets_no_further_unit(worker, served, first):
    cancellation = Cancellation()
    with cancellation.activate():
        assert worker.run(first, "embedding") == "embedding!"
        cancellation.cancel()
        with pytest.raises(CancelledError):
            worker.run(first, "ranking")
    assert cancellation.is_cancelled()
    assert worker.run(first, "other") == "other!"
    assert served.log == [["embedding"], ["other"]]


# What torch raises


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "smaller.*DOCENT_DTYPE"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] can't allocate memory: 9"), "smaller"),
        (RuntimeError("MPS backend out of memory"), "DOCENT_DEVICE"),
        (MemoryError(), "ran out of memory"),
        (RuntimeError("a kernel is missing.\nsecond line"), r"\(a kernel is missing\).*=cpu"),
        (NotImplementedError(""), "NotImplementedError"),
    ],
)
def test_an_error_of_torch_becomes_a_sentence(error, words, first):
    def broken(_: Sequence[Any]) -> Sequence[Any]:
        raise error

    queue = WorkQueue(broken)
    worker = Worker((queue, first), slots=1)
    try:
        with pytest.raises(ModelError, match=words) as raised:
            worker.run(queue, "a")
        assert raised.value.__cause__ is error
        assert "\n" not in str(raised.value)
        assert worker.run(first, "b") == "b!"
    finally:
        worker.close()


# The end


@pytest.mark.usefixtures("held")
def test_close_finishes_what_waits(worker, served, second, submit, pool):
    with worker.hold_slot():
        waiting = submit(second, "a")
        closing = pool.submit(worker.close)
        served.gate.set()
        closing.result(WAIT)
    assert waiting.result(WAIT) == "a!"


def test_after_close_work_is_refused_instead_of_waiting_for_ever(worker, first):
    worker.close()
    with pytest.raises(ModelError, match="closed"):
        worker.run(first, "anyone there?")
    worker.close()  # twice is fine


@pytest.mark.usefixtures("held")
def test_after_ctrl_c_close_drops_what_waits_and_lets_the_unit_at_work_end(
    worker, served, second, submit, pool, monkeypatch
):
    waiting = submit(second, "a")
    interrupted = pool.submit(worker.run, second, "b")
    wait_until(lambda: worker.waiting == 2)
    monkeypatch.setattr(worker, "_is_abandoned", True)
    closing = pool.submit(worker.close)
    for future in (waiting, interrupted):
        with pytest.raises(CancelledError):
            future.result(WAIT)
    assert not closing.done()
    served.gate.set()
    closing.result(WAIT)
    assert served.log == [["gate"]]
    assert not worker._thread.is_alive()


def test_a_batch_that_takes_long_is_seen(worker, served, first, pool):
    assert worker.busy_seconds == 0
    held = pool.submit(worker.run, first, "gate")
    assert served.started.wait(WAIT)
    before = worker.busy_seconds
    wait_until(lambda: worker.busy_seconds > before)
    served.gate.set()
    held.result(WAIT)
    wait_until(lambda: worker.busy_seconds == 0)


def test_a_worker_that_was_closed_is_not_alive(worker):
    assert worker.is_alive
    worker.close()
    assert not worker.is_alive
