"""Process identity: which process holds something, and whether it is seen to be gone."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from uuid import uuid4

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


@cache
def describe_process() -> str:
    """Return what identifies this process among all that share a database.

    It names the boot of the machine, the PID namespace, the process number and a random token,
    because a restarted container reuses numbers and host names.
    """
    return f"{_read_boot()} {_read_namespace()} {os.getpid()} {uuid4().hex}"


def is_process_gone(description: str) -> bool:
    """Return True if the described process has surely ended.

    Return False for a process that can't be seen from here, and for one that lives. More words may
    follow in the description.
    """
    boot, namespace, number, token = (*description.split(), "", "", "", "")[:4]
    if not token or not number.isdigit() or "-" in {boot, namespace}:
        return False
    if (boot, namespace) != (_read_boot(), _read_namespace()):
        return False
    if int(number) == os.getpid():
        return token != describe_process().split()[3]
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _read_boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:  # not Linux: no process is ever seen to be gone
        return "-"


def _read_namespace() -> str:
    try:
        return str(_PID_NAMESPACE.readlink())
    except OSError:
        return "-"
