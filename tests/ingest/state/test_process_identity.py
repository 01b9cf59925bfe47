from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.state import process_identity
from ingest.state.process_identity import describe_process, is_process_gone

TELLS = """
from ingest.state.process_identity import describe_process
print(describe_process(), flush=True)
input()
"""


@pytest.fixture
def other() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that waits, and how it describes itself."""
    root = Path(process_identity.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", TELLS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def change(description: str, **fields: str) -> str:
    names = ("boot", "namespace", "number", "start", "token")
    return " ".join((dict(zip(names, description.split(), strict=True)) | fields).values())


def test_this_process_lives():
    assert describe_process() == describe_process()
    assert not is_process_gone(describe_process())


def test_another_process_lives_until_it_ends(other: tuple[subprocess.Popen[str], str]):
    process, description = other
    assert not is_process_gone(description)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_process_gone(description)  # it has ended, and nobody has asked how
    process.wait()
    assert is_process_gone(description)


def test_an_earlier_process_with_the_number_of_this_one_is_gone():
    assert is_process_gone(change(describe_process(), token="earlier"))


def test_an_earlier_process_with_the_number_of_another_one_is_gone(
    other: tuple[subprocess.Popen[str], str],
):
    _, description = other
    assert is_process_gone(change(description, start="1"))
    assert not is_process_gone(change(description, start="-"))  # when is not known


@pytest.mark.parametrize("field", ["boot", "namespace"])
def test_a_process_that_can_not_be_seen_from_here_counts_as_living(field: str):
    gone = change(describe_process(), token="earlier")
    assert is_process_gone(gone)
    assert not is_process_gone(change(gone, **{field: "elsewhere"}))
    assert not is_process_gone(change(gone, **{field: "-"}))


@pytest.mark.parametrize(
    "description", ["", "8f1b2c", "a b c d e", "a b 1", "a b ² d e", "\0 \0 \0 \0 \0"]
)
def test_what_is_no_description_counts_as_living(description: str):
    assert not is_process_gone(description)


def test_a_number_that_no_process_can_have_is_gone():
    assert is_process_gone(change(describe_process(), number=str(2**70)))


def test_a_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch):
    def refuse(_number: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setattr(process_identity, "_read_start", lambda _number: None)
    assert not is_process_gone(change(describe_process(), number=str(os.getpid() + 1)))


def test_a_fork_is_another_process():
    own = describe_process()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, describe_process().encode())
        os._exit(0)
    os.waitpid(child, 0)
    described = os.read(reading, 1000).decode()
    os.close(reading), os.close(writing)
    assert described != own
    assert described.split()[2] == str(child)
    assert is_process_gone(described)


def test_where_nothing_is_known_of_processes_none_is_seen_to_be_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name in ("_BOOT_ID", "_PID_NAMESPACE", "_PROCESSES"):
        monkeypatch.setattr(process_identity, name, tmp_path / "none")
    process_identity._describe.cache_clear()
    try:
        description = describe_process()
        assert description.split()[:2] == ["-", "-"]
        assert not is_process_gone(change(description, token="earlier"))
    finally:
        process_identity._describe.cache_clear()
