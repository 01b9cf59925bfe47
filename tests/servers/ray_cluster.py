"""A Ray cluster of a head and two workers with a processor each, all on this machine.

Ray listens on all interfaces, so it is started only in a network of its own: `make test-ray`.

    python -m tests.servers.ray_cluster

Prints its address, and ends when standard input does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.milvus_server import is_alone

_ROOT = Path(__file__).parents[2]
_STORE_BYTES = 100 * 2**20  # of each machine, for objects


@contextmanager
def ray_cluster() -> Iterator[dict[str, str]]:
    """The environment of processes that use the cluster; skips where none can be had."""
    why = "the tests on a Ray cluster are run by `make test-ray`"
    pytest.importorskip("ray", reason=f"{why}, which installs it")
    if not is_alone():
        pytest.skip(f"{why}, in a network of their own")
    environment = os.environ | {"PYTHONPATH": _add_root(), "RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers.ray_cluster"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "the cluster did not start"
        yield environment | {"RAY_ADDRESS": address}
        process.communicate()  # closes its standard input


def _add_root() -> str:
    return os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))


def main() -> None:
    from ray.cluster_utils import Cluster

    node = {"object_store_memory": _STORE_BYTES}
    cluster = Cluster(
        initialize_head=True, head_node_args={**node, "num_cpus": 0, "include_dashboard": False}
    )
    for _ in range(2):
        cluster.add_node(num_cpus=1, **node)
    sys.stdout.write(f"{cluster.address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
