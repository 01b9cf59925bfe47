"""`docent forget`: what it deletes, told to people and programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest.state.database import open_state
from tests.bot.command import run_for_result
from tests.bot.storage.test_forgetting import FORGOTTEN, dump, fill

Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("DOCENT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
    return partial(run_for_result, "forget")


@pytest.fixture
def engine(tmp_path: Path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield engine
    engine.dispose()


def test_nothing_is_made_where_nothing_is(run: Run, tmp_path: Path):
    assert "There is no state database" in run("U1", "--json")
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_and_then_the_deletion(run: Run, engine: Engine):
    fill(engine)
    numbers = FORGOTTEN.as_json()
    dry = json.loads(run("U1", "--dry-run", "--json"))
    assert {name: dry[name] for name in numbers} == numbers
    assert "'U1'" in dump(engine)
    said = run("U1", "--team", "T1")
    assert said.splitlines()[:3] == [
        "Deleted for U1:",
        "  Questions: 1",
        "  Answers: 1",
    ]
    assert "'U1'" not in dump(engine)
    assert "  Questions: 0" in run("U1", "--dry-run")


def test_an_id_as_slack_writes_it_is_understood(run: Run, engine: Engine):
    fill(engine)
    assert "Would delete for U1:" in run("<@u1>", "--dry-run")


@pytest.mark.parametrize("args", [("alice",), ("U1 OR 1=1",), ("U1", "--team", "acme")])
def test_what_is_no_id_is_refused(run: Run, args: tuple[str, ...]):
    assert "write Slack's id of the" in run(*args)
