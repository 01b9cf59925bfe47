"""Process identity: which process holds something, and whether it is seen to be gone."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from uuid import uuid4

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
_PROCESSES = Path("/proc")
_UNKNOWN = "-"


def describe_process() -> str:
    """Return what identifies this process among all that share a database.

    It names the boot of the machine, the PID namespace, the process number, when the process
    started and a random token, because a restarted container reuses numbers and host names.
    """
    return _describe(os.getpid())


@cache
def _describe(number: int) -> str:  # cached by the number: a fork is another process
    start = _read_start(number) or _UNKNOWN
    return f"{_read_boot()} {_read_namespace()} {number} {start} {uuid4().hex}"


def is_process_gone(description: str) -> bool:
    """Return True if the described process has surely ended.

    Return False for a process that can't be seen from here, and for one that lives. More words may
    follow in the description.
    """
    boot, namespace, number, start, token = (*description.split(), *[""] * 5)[:5]
    if not token or not number.isdecimal() or _UNKNOWN in {boot, namespace}:
        return False
    if (boot, namespace) != (_read_boot(), _read_namespace()):
        return False
    if int(number) == os.getpid():
        return token != describe_process().split()[4]
    return not _is_running(int(number), start)


def _is_running(number: int, start: str) -> bool:
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user
        pass
    # A process that started at another time has got the number of the one that is asked for.
    now = _read_start(number)
    return now is None or _UNKNOWN in {now, start} or now == start


def _read_start(number: int) -> str | None:
    """Return a process's start, in ticks since the boot.

    Return None if it can't be read, and "ended" for a process that has ended and waits for its
    parent to notice.
    """
    try:
        stat = (_PROCESSES / str(number) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # its name, in brackets, may have spaces
    state, start = fields[0], fields[19]
    return "ended" if state in {"Z", "X"} else start


def _read_boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:  # not Linux: no process is ever seen to be gone
        return _UNKNOWN


def _read_namespace() -> str:
    try:
        return str(_PID_NAMESPACE.readlink())
    except OSError:
        return _UNKNOWN
