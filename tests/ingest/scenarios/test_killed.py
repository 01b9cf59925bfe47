"""kill -9 at every stage of a sync: the live version answers, and the next sync completes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.ingest.killed import CHUNKS, DELTA_POINTS, POINTS

SWITCHED = (
    "after the switch",
    "after the switch to the standby",
    "after the mark",
    "in the middle of pruning",
    "before the end",
)


class Worker:
    """The process whose forks sync and die."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.killed"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, *command: object) -> str:
        self._process.stdin.write(
            json.dumps([str(c) if isinstance(c, Path) else c for c in command])
        )
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    opened = Worker()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def two_versions(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index that was synced twice, so that there is an old version to drop."""
    folder = tmp_path_factory.mktemp("built")
    assert len(worker.do("build", folder, 2)) == 8
    return folder


@pytest.mark.parametrize("point", [*POINTS, *DELTA_POINTS])
def test_a_sync_that_is_killed(worker: Worker, two_versions: Path, tmp_path: Path, point: str):
    folder = tmp_path / "index"
    shutil.copytree(two_versions, folder)
    assert worker.do("killed", folder, point, 2) == "killed"

    answers = (folder / "answers").read_text().splitlines()
    switched = point in SWITCHED
    assert set(answers) <= ({"50 1", "50 2"} if switched else {"50 1"})
    assert "50 1" in answers

    state = json.loads(worker.do("after", folder))
    assert state["before"] == ("50 2" if switched else "50 1")
    assert state["now"] == "50 2"
    assert state["wrong"] == []
    assert (state["count"], state["recorded"]) == (CHUNKS, CHUNKS)
    assert len(state["collections"]) == 2
    assert state["collections"] == state["versions"]
    assert state["unchanged"]
