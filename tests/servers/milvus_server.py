"""A real Milvus server, the binary of the package `milvus`; it is 2.3.5, and knows no BM25.

It listens on all interfaces, so it is started only in a network of its own: `make test-server`.
"""

from __future__ import annotations

import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def milvus_server(folder: Path) -> Iterator[str]:
    """The address of a server that keeps its data in a folder; skips where none can be had."""
    why = "the tests against a Milvus server are run by `make test-server`"
    milvus = pytest.importorskip("milvus", reason=f"{why}, which installs it")
    if not is_alone():
        pytest.skip(f"{why}, in a network of their own")
    server = milvus.MilvusServer(wait_for_started=True)
    server.set_base_dir(str(folder))
    try:
        server.start()
        yield f"http://127.0.0.1:{server.listen_port}"
    finally:
        server.stop()


def is_alone() -> bool:
    """Tell whether there is no network but this machine's own."""
    return platform.system() == "Linux" and {name for _, name in socket.if_nameindex()} <= {"lo"}
