"""What a cluster is asked for; tests/ingest/scenarios/test_ray_cluster.py uses a real one."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from ingest.engine.cluster import Workers, check_ray, run_on_cluster
from ingest.errors import IngestError
from rag_core.errors import ModelError

TWO_SMALL = [{"CPU": 1.0}, {"CPU": 1.0}]
HEAD_AND_FOUR = [{}, *({"CPU": 16.0, "GPU": 2.0} for _ in range(4))]


@pytest.mark.parametrize(
    ("machines", "place", "threads", "readers", "embedders", "embedding"),
    [
        (TWO_SMALL, "cpu", 1, 1, 2, {"num_cpus": 1}),
        (TWO_SMALL, "gpu", 1, 1, 2, {"num_cpus": 1}),
        (TWO_SMALL, "cpu", 8, 1, 2, {"num_cpus": 1}),
        (HEAD_AND_FOUR, "cpu", 4, 16, 16, {"num_cpus": 4}),
        (HEAD_AND_FOUR, "gpu", 4, 64, 8, {"num_cpus": 0, "num_gpus": 1}),
        (HEAD_AND_FOUR, "server", 4, 64, 5, {"num_cpus": 0}),
        ([{}], "cpu", 1, 1, 1, {"num_cpus": 1}),
    ],
)
def test_workers_fill_a_cluster(machines, place, threads, readers, embedders, embedding):
    workers = Workers.of(machines, place, threads)
    assert (workers.readers, workers.embedders) == (readers, embedders)
    assert workers.embedding == embedding


@pytest.mark.parametrize("machines", [TWO_SMALL, HEAD_AND_FOUR, [{"CPU": 3.0}, {"CPU": 8.0}]])
@pytest.mark.parametrize("place", ["cpu", "gpu", "server"])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_all_workers_find_room_together(machines, place, threads):
    workers = Workers.of(machines, place, threads)
    for resource, option in (("CPU", "num_cpus"), ("GPU", "num_gpus")):
        taken = workers.readers * workers.reading.get(option, 0)
        taken += workers.embedders * workers.embedding.get(option, 0)
        assert taken <= sum(machine.get(resource, 0) for machine in machines)


def test_without_ray_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(IngestError, match=r"run `pip install 'docent-bot\[ray\]'`"):
        check_ray()


class FakeRayError(Exception):
    def __init__(self, text: str, cause: BaseException | None = None) -> None:
        super().__init__(text)
        self.cause = cause


def make_ray(monkeypatch: pytest.MonkeyPatch, connect) -> list[str]:
    """A stand-in for Ray; returns what was called."""
    calls: list[str] = []

    def init(**_: object) -> None:
        calls.append("init")
        connect()

    ray, data, exceptions = ModuleType("ray"), ModuleType("ray.data"), ModuleType("ray.exceptions")
    vars(ray).update(
        init=init,
        shutdown=lambda: calls.append("shutdown"),
        nodes=lambda: (_ for _ in ()).throw(FakeRayError("", FakeRayError("", ModelError("NaN.")))),
        data=data,
        exceptions=exceptions,
    )
    context = SimpleNamespace(enable_progress_bars=True)
    vars(data).update(
        ActorPoolStrategy=None, DataContext=SimpleNamespace(get_current=lambda: context)
    )
    vars(exceptions).update(RayError=FakeRayError)
    for module in (ray, data, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return calls


@pytest.mark.parametrize(
    ("address", "where"),
    [("", "on this machine"), ("127.0.0.1:1", r"at 127.0.0.1:1 \(RAY_ADDRESS\)")],
)
def test_where_no_cluster_is_the_sentence_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, address: str, where: str
):
    def refuse() -> None:
        assert not address, "nothing listens there: Ray would try for minutes"
        raise ConnectionError("no")

    make_ray(monkeypatch, refuse)
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(
        IngestError, match=rf"no Ray cluster {where}: start one with `ray start --head`"
    ):
        next(run_on_cluster([b""], None, place="cpu", threads=1))


def test_the_error_of_a_worker_is_told_and_the_connection_ends(monkeypatch: pytest.MonkeyPatch):
    calls = make_ray(monkeypatch, lambda: None)
    with pytest.raises(ModelError, match="NaN"):
        next(run_on_cluster([b""], None, place="cpu", threads=1))
    assert calls == ["init", "shutdown"]


def test_the_error_of_the_cluster_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    make_ray(monkeypatch, lambda: None)

    def lose() -> None:
        raise FakeRayError("a trace\n  of many lines\nNodeDied: the node is gone")

    monkeypatch.setattr("ray.nodes", lose)
    with pytest.raises(IngestError, match=r"cluster failed: NodeDied: the node is gone$"):
        next(run_on_cluster([b""], None, place="cpu", threads=1))
