"""Real `docent` commands in processes of their own: started, stopped, killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCENT = str(Path(sys.executable).with_name("docent"))
APART = ("unshare", "--pid", "--fork", "--kill-child", "--")
"""Gives a command PID numbers of its own, as a container has them."""


@dataclass
class Docent:
    """One `docent serve`, which can be started again and again.

    Attributes:
        name: tells the process from others that share its workspace.
        folder: its working directory, with the index and the log.
        settings: its whole environment.
        apart: whether it has PID numbers of its own, so that others can't see it die.
        command: what is started; `docent serve` by default.
    """

    name: str
    folder: Path
    settings: Mapping[str, str]
    apart: bool = False
    command: Sequence[str] = (DOCENT, "serve")
    process: Process | None = None

    @property
    def log(self) -> str:
        """Everything that it has logged so far, of all its starts."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def start(self) -> None:
        """Start the command; return at once."""
        command = (*(APART if self.apart else ()), *self.command)
        self.process = await start_command(command, self.folder, self.settings)

    def pause(self) -> None:
        """Stop the process where it is, so that it reads nothing more."""
        for number in self._list_numbers():
            os.kill(number, signal.SIGSTOP)

    async def kill(self) -> None:
        """Kill the process, and return once it is gone."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def terminate(self, *, patience: float = 120.0) -> float:
        """Send SIGTERM, and return the seconds until the process has ended.

        A process that is still there after `patience` seconds is killed.
        """
        assert self.process is not None
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._list_numbers()[-1], signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), patience)
        except TimeoutError:
            await self.kill()
        return time.monotonic() - began

    def _list_numbers(self) -> list[int]:
        """Return the process numbers: of the command, after that of what keeps it apart."""
        assert self.process is not None
        number = self.process.pid
        if not self.apart:
            return [number]
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        return [number, *map(int, children)]


async def start_command(
    command: Sequence[str], folder: Path, settings: Mapping[str, str]
) -> Process:
    """Start a command in a folder, whose file `log` gets what it writes."""
    with (folder / "log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={**_keep_environment(), **settings},
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
        )


async def index_folder(documents: Path, folder: Path, settings: Mapping[str, str]) -> None:
    """Index documents by `docent index`, in a folder of its own."""
    indexing = await start_command((DOCENT, "index", str(documents)), folder, settings)
    if await indexing.wait():
        raise SystemExit(f"docent index failed:\n{(folder / 'log').read_text()}")


def _keep_environment() -> dict[str, str]:
    """Return what a process needs of this one's environment; no setting of docent."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
