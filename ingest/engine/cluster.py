"""The Ray cluster: parts of a build go through its workers, and come back in any order."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from ingest.engine.stages import PageStage, TextStage, Tools
from ingest.errors import IngestError
from rag_core.errors import DocentError

ModelPlace = Literal["cpu", "gpu", "server"]
"""Place of the model: processors, GPUs if the cluster has any, or a server of its own."""

_FROM_RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
_PROBE_SECONDS = 5.0
_CPUS_PER_READER = 4  # embedding on processors takes far longer than reading


@dataclass(frozen=True, slots=True)
class Workers:
    """The workers of each stage that a cluster gets, and what each takes of a machine.

    A worker that takes nothing always finds room, so no stage waits for another one to end.

    Attributes:
        readers: workers that read pages.
        embedders: workers that embed.
        reading: Ray's options of a worker that reads.
        embedding: Ray's options of a worker that embeds.
    """

    readers: int
    embedders: int
    reading: Mapping[str, float]
    embedding: Mapping[str, float]

    @classmethod
    def of(
        cls, machines: Sequence[Mapping[str, float]], place: ModelPlace, threads: int
    ) -> Workers:
        """Build the pools for machines with these resources.

        Args:
            machines: of each machine, the amount by the name of the resource.
            place: where the model computes.
            threads: of a model on processors.

        Returns:
            At least one worker for each stage.
        """
        cpus = [int(machine.get("CPU", 0)) for machine in machines]
        gpus = sum(int(machine.get("GPU", 0)) for machine in machines)
        total = max(1, sum(cpus))
        if place == "server":
            return cls(total, max(2, len(machines)), {"num_cpus": 1}, {"num_cpus": 0})
        if place == "gpu" and gpus:
            return cls(total, gpus, {"num_cpus": 1}, {"num_cpus": 0, "num_gpus": 1})
        threads = min([threads, *filter(None, cpus)])
        embedders = max(1, sum(count // threads for count in cpus))
        readers = max(1, total // _CPUS_PER_READER)
        return cls(readers, embedders, {"num_cpus": 0}, {"num_cpus": threads})


def check_ray() -> None:
    """Check that Ray is installed.

    Raises:
        IngestError: it is not.
    """
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise IngestError(
            f"docent can't build on a cluster without Ray ({error}): run "
            "`pip install 'docent-bot[ray]'`."
        ) from error


def run_on_cluster(
    works: Iterable[bytes], tools: Tools, *, place: ModelPlace, threads: int
) -> Generator[Mapping[str, Any], None, None]:
    """Run parts through the stages on the cluster.

    It is that of `RAY_ADDRESS`, or the one of this machine.

    Args:
        works: the pages of each part, as `serialise_pages` writes them.
        tools: what the workers read and embed with.
        place: where the model computes.
        threads: of a model on processors.

    Yields:
        The row of each part that is finished, in any order; `number` counts the parts from 0.

    Raises:
        IngestError: there is no cluster, or it failed.
        DocentError: a worker can't read or embed.
    """
    with _connect(), _translate_errors():
        import pyarrow as pa
        import ray
        from ray.data import ActorPoolStrategy

        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        workers = Workers.of(machines, place, threads)
        blocks = [
            ray.put(pa.table({"number": [number], "pages": [work]}))
            for number, work in enumerate(works)
        ]
        if not blocks:
            return
        parts = (
            ray.data.from_arrow_refs(blocks)
            .map(
                PageStage,
                fn_constructor_args=(tools,),
                compute=ActorPoolStrategy(size=min(workers.readers, len(blocks))),
                **workers.reading,
            )
            .map(
                TextStage,
                fn_constructor_args=(tools,),
                compute=ActorPoolStrategy(size=min(workers.embedders, len(blocks))),
                **workers.embedding,
            )
        )
        yield from parts.iter_rows()


@contextmanager
def _connect() -> Iterator[None]:
    """Hold a connection to the cluster; start none.

    Raises:
        IngestError: there is none.
    """
    for name, value in _FROM_RAY.items():
        os.environ.setdefault(name, value)
    check_ray()
    import ray
    from ray.data import DataContext

    address = os.environ.get("RAY_ADDRESS")
    try:
        if address:
            _probe(address)
        ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        where = f"at {address} (RAY_ADDRESS)" if address else "on this machine"
        raise IngestError(
            f"There is no Ray cluster {where}: start one with `ray start --head`, or set "
            "RAY_ADDRESS."
        ) from error
    DataContext.get_current().enable_progress_bars = False  # docent shows its own
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        yield
    finally:
        ray.shutdown()


def _probe(address: str) -> None:
    """Connect to `host:port` once: Ray itself tries for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), _PROBE_SECONDS).close()


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate the errors of Ray during a `with` block.

    Raises:
        DocentError: what a worker raised, or that the cluster failed.
    """
    from ray.exceptions import RayError

    try:
        yield
    except RayError as error:
        for cause in _list_causes(error):
            if isinstance(cause, DocentError) and not isinstance(cause, RayError):
                raise cause from None
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise IngestError(f"The build on the Ray cluster failed: {reason}") from error


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "cause", None) or error.__cause__
