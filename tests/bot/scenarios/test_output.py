"""Output that can't be written ends a command with one sentence or none, never a stack trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FULL = Path("/dev/full")
COMMANDS = ["--help", "--version", "manifest", "versions", "status --json", "index --explain a.md"]
FULL_DISK = "docent: There is no space left on the disk: free some, and run the command again.\n"

needs_full_disk = pytest.mark.skipif(not FULL.exists(), reason="the system has no full device")


@pytest.fixture(autouse=True)
def docs(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\n" + "A line of the page.\n\n" * 5_000)


def run(command: str, *, out: int, err: int = subprocess.PIPE) -> tuple[int, str]:
    """Run a command; its exit code, and its standard error without progress."""
    ran = subprocess.run(
        [sys.executable, "-c", "from bot.cli import main; main()", *command.split()],
        env={"PYTHONPATH": str(ROOT), "DOCENT_SOURCES": "docs", "DOCENT_PROFILE": "starter"},
        stdout=out,
        stderr=err,
        text=True,
        check=False,
    )
    lines = (ran.stderr or "").splitlines(keepends=True)
    return ran.returncode, "".join(line for line in lines if not line.startswith("reading"))


@pytest.fixture
def closed_pipe() -> int:
    """The end of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


@needs_full_disk
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_one_sentence(command: str):
    with FULL.open("w") as full:
        assert run(command, out=full.fileno()) == (1, FULL_DISK)


@needs_full_disk
def test_a_full_disk_for_errors_too_is_an_exit_code():
    with FULL.open("w") as full:
        assert run("rollback", out=full.fileno(), err=full.fileno()) == (1, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_that_is_closed_ends_a_command_silently(command: str, closed_pipe: int):
    try:
        assert run(command, out=closed_pipe) == (1, "")
    finally:
        os.close(closed_pipe)


@pytest.mark.parametrize("command", ["rollback", "index"])
def test_a_pipe_for_errors_that_is_closed_ends_it_too(command: str, closed_pipe: int):
    try:
        assert run(command, out=closed_pipe, err=closed_pipe) == (1, "")
    finally:
        os.close(closed_pipe)


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_a_signal_is_an_exit_code(number: signal.Signals, code: int):
    started = (
        "import sys, threading; from bot.cli import app, main\n"
        "@app.command()\n"
        "def wait() -> None:\n"
        "    print('waits', flush=True); threading.Event().wait()\n"
        "main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", started, "wait"],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    process.send_signal(number)
    assert "Traceback" not in process.communicate()[1]
    assert process.returncode == code
