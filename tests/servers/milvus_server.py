"""A real Milvus server: one that a maintainer has, or the binary of the package `milvus`.

The binary is 2.3.5, and knows no BM25. It listens on all interfaces, so it is started only in a
network of its own: `make test-server`. A server of one's own is named by environment variables.
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

URI = os.environ.get("DOCENT_TEST_MILVUS_URI", "")
"""Address of a server to test with: Milvus or Zilliz Cloud. The tests remove what they make."""

TOKEN = os.environ.get("DOCENT_TEST_MILVUS_TOKEN", "")

_PERIODS = {
    # Nothing is flushed before the allocations of a segment expire: by default after 2,000 ms.
    "dataCoord.segment.assignmentExpiration": 200,
    "proxy.timeTickInterval": 50,
    "queryCoord.checkInterval": 100,
    "queryCoord.distPullInterval": 100,
}
"""Milliseconds after which parts of the server look again: less than by default, where it idles."""


@contextmanager
def milvus_server(folder: Path) -> Iterator[str]:
    """The address of a server that keeps its data in a folder; skips where none can be had."""
    if URI:
        yield URI
        return
    why = "the tests against a Milvus server are run by `make test-server`"
    milvus = pytest.importorskip("milvus", reason=f"{why}, which installs it")
    if not is_alone():
        pytest.skip(f"{why}, in a network of their own")
    server = milvus.MilvusServer(wait_for_started=True)
    server.set_base_dir(str(folder))
    for name, period in _PERIODS.items():
        server.config.set(name, period)
    try:
        server.start()
        yield f"http://127.0.0.1:{server.listen_port}"
    finally:
        if server.running:  # nothing of it is kept; `stop` alone gives a busy machine 4 s
            server.server_proc.kill()
            server.server_proc.wait()
        server.stop()


def is_alone() -> bool:
    """Tell whether there is no network but this machine's own."""
    return platform.system() == "Linux" and {name for _, name in socket.if_nameindex()} <= {"lo"}
