"""Runs docent as if Python were that of Windows, as far as docent's own code can tell.

`python -m tests.bot.windows_stand_in index docs`: docent's modules find no `fcntl` and `resource`,
no user numbers, no Unix sockets, no `poll` and no signal handlers of a loop. Third-party packages
see the real system. Not shown by this: files that are open can't be replaced or deleted on Windows,
paths have drives, and a process ends in another way.
"""

from __future__ import annotations

import asyncio
import builtins
import errno
import fcntl
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

PACKAGES = ("bot", "ingest", "rag_core")
GONE = {
    "os": {
        *("getuid", "geteuid", "killpg", "pread", "pwrite", "sysconf", "sched_getaffinity"),
        *("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_NOCTTY", "fork", "setsid", "getpgid"),
    },
    "signal": {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGPIPE", "alarm"},
    "select": {"poll", "POLLIN", "epoll"},
    "socket": {"AF_UNIX", "MSG_DONTWAIT", "SO_PEERCRED", "socketpair"},
    "socketserver": {"UnixStreamServer", "ThreadingUnixStreamServer"},
}
MISSING = {"fcntl", "resource", "pwd", "grp", "termios"}


class Poorer(ModuleType):
    """A module without some of its names."""

    def __init__(self, module: ModuleType, gone: set[str]) -> None:
        super().__init__(module.__name__)
        self._module, self._gone = module, gone

    def __getattr__(self, name: str) -> Any:
        if name in self._gone:
            raise AttributeError(name)
        return getattr(self._module, name)


def lock(descriptor: int, mode: int, count: int) -> None:
    """Lock as `msvcrt.locking` does: it says in its own way that a file is in use."""
    del mode, count
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermissionError(errno.EACCES, "Permission denied") from error


def refuse(*_: object) -> None:
    """Stand for a method that the loops of Windows lack."""
    raise NotImplementedError


def install() -> None:
    """Take away what Windows lacks, from docent's modules alone."""
    real = builtins.__import__
    poorer = {name: Poorer(real(name), gone) for name, gone in GONE.items()}
    sys.modules["msvcrt"] = SimpleNamespace(locking=lock, LK_NBLCK=2)  # type: ignore[assignment]

    def find(name: str, globals: Any = None, *rest: Any, **more: Any) -> Any:  # noqa: A002
        importer = str((globals or {}).get("__name__", "")).partition(".")[0]
        if importer in PACKAGES and name in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        found = real(name, globals, *rest, **more)
        return poorer.get(name, found) if importer in PACKAGES else found

    builtins.__import__ = find  # type: ignore[assignment]
    asyncio.SelectorEventLoop.add_signal_handler = refuse  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    install()
    from bot.cli import main

    main()
