"""A bench: everything that docent depends on, in processes that can be broken and mended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.chaos.processes import Docent, start_command
from benchmarks.chaos.workplace import Workplace, open_workplace
from tests.servers import postgres
from tests.servers.postgres import PostgresServer

Kind = Literal["lite", "milvus", "postgres"]

UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
"""Lets the permissions of files count for root, as they do for docent's own user in a container."""


@dataclass
class MilvusServer:
    """Milvus over the network: the server of Milvus Lite, in a process of its own."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Value of `DOCENT_MILVUS_URI`."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it, and return once it listens."""
        command = (sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1")
        words = ("--port", str(self.port), "--data-dir", str(self.folder / "served.db"))
        self.process = await start_command((*command, *words), self.folder, {})
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return

    def send(self, number: signal.Signals) -> None:
        """Send it a signal: SIGSTOP freezes it, SIGCONT lets it go on."""
        assert self.process is not None
        self.process.send_signal(number)

    async def kill(self) -> None:
        """Kill it."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@dataclass
class Bench:
    """One docent with all that it depends on.

    Attributes:
        place: Slack, the LLM, the model server and docent.
        folder: of the state database and the index.
        milvus: if the index is on a server.
        postgres: if the state is.
    """

    place: Workplace
    folder: Path
    milvus: MilvusServer | None = None
    postgres: PostgresServer | None = None

    @property
    def docent(self) -> Docent:
        """The one docent."""
        return self.place.docents[0]

    @property
    def state(self) -> Path:
        """The file of the state database."""
        return self.folder / "state" / "state.sqlite"

    @property
    def index(self) -> Path:
        """The directory of Milvus Lite."""
        return self.docent.folder / "data" / "milvus.db"

    def save(self) -> None:
        """Keep the state and the index as they are now."""
        shutil.copytree(self.state.parent, self.folder / "kept_state")
        shutil.copytree(self.docent.folder / "data", self.folder / "kept_data")

    async def restart(self) -> None:
        """Start docent anew, with the state and the index that were kept."""
        if self.docent.process is not None:
            await self.docent.kill()
            await self.place.wait_gone(self.docent)
        for kept, own in (("kept_state", self.state.parent), ("kept_data", self.index.parent)):
            _copy_files(self.folder / kept, own)
        await self.place.start(self.docent)


@contextlib.asynccontextmanager
async def open_bench(kind: Kind, folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Bench]:
    """Open a bench, with an index of one page and docent not started.

    Args:
        kind: on files alone, with Milvus as a server, or with PostgreSQL.
        folder: for everything; its `state` is a small file system of its own where that can be.
        settings: of docent, in addition.

    Yields:
        The bench.
    """
    state = folder / "state"
    state.mkdir()
    async with contextlib.AsyncExitStack() as opened:
        opened.enter_context(_mount_small(state))
        url = f"sqlite:///{state / 'state.sqlite'}"
        server, milvus = None, None
        if kind == "postgres":
            server = opened.enter_context(PostgresServer.run())
            url = opened.enter_context(postgres.create_database(server.url))
        if kind == "milvus":
            milvus = MilvusServer(folder, _find_free_port())
            await milvus.start()
            opened.push_async_callback(milvus.kill)
            settings = {**settings, "DOCENT_MILVUS_URI": milvus.url}
        place = await opened.enter_async_context(
            open_workplace(folder, ("a",), state_url=url, more=settings)
        )
        bench = Bench(place, folder, milvus, server)
        bench.docent.command = (*UNPRIVILEGED, *bench.docent.command)
        bench.save()
        yield bench


@contextlib.contextmanager
def _mount_small(folder: Path) -> Iterator[None]:
    """Give a folder a file system of three megabytes, if this user may mount one."""
    options = ("-t", "tmpfs", "-o", "size=3m", "docent-faults", str(folder))
    mounted = os.geteuid() == 0 and _run("mount", *options)
    try:
        yield
    finally:
        if mounted:
            _run("umount", "--lazy", str(folder))


def _run(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _copy_files(kept: Path, own: Path) -> None:
    """Make a folder what was kept of it, without replacing the folder itself."""
    for path in own.iterdir() if own.exists() else ():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    shutil.copytree(kept, own, dirs_exist_ok=True)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
