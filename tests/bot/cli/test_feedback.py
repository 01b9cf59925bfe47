"""`docent feedback`: what people think of answers, for people, spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from bot.cli import json_output
from bot.cli.feedback import _escape_cell
from bot.printable import strip_controls
from bot.storage.answers import AnswerRecord, Answers
from bot.storage.ratings import Ratings
from bot.types import MessageKey
from ingest.state.database import open_state
from tests.bot.command import run_for_result
from tests.bot.fakes import answer

NOW = datetime.now(UTC)

Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("DOCENT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
    monkeypatch.setenv("COLUMNS", "200")
    return partial(run_for_result, "feedback")


@pytest.fixture
def engine(tmp_path: Path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield engine
    engine.dispose()


def keep(engine: Engine, name: str, question: str = "How?") -> None:
    kept = AnswerRecord(
        id=name,
        key=MessageKey("T0", "C0", f"1.{name}"),
        thread_ts="1.0",
        user="U0",
        question=question,
        answer=replace(answer(), query="How so?"),
    )
    Answers(engine, days=90).add(kept)


def test_nothing_is_made_where_nothing_is(run: Run, tmp_path: Path):
    assert "There are no ratings" in run()
    assert json.loads(run("--json")) == []
    assert list(tmp_path.iterdir()) == []


def test_the_latest_stand_first_and_old_ones_are_left_out(run: Run, engine: Engine):
    for name, days in (("1", 1), ("2", 3), ("3", 8)):
        keep(engine, name, f"question {name}")
        moment = NOW - timedelta(days=days)
        Ratings(engine, clock=lambda moment=moment: moment).rate(name, "U1", "up")
    assert [one["question"] for one in json.loads(run("--json"))] == ["question 1", "question 2"]
    assert len(json.loads(run("--json", "--since", "2w"))) == 3
    assert len(json.loads(run("--json", "--since", "48h"))) == 1


def test_an_empty_form_and_one_that_comes_late_change_nothing(engine: Engine):
    keep(engine, "1")
    ratings, kept = Ratings(engine), Answers(engine, days=90)
    ratings.rate("1", "U1", "down")
    ratings.explain("1", "U1", reason="outdated", comment="old")
    ratings.explain("1", "U1", reason="", comment="")
    ((one,),) = (ratings.list_since(NOW - timedelta(days=1), kept),)
    assert (one.rating.reason, one.rating.comment) == ("outdated", "old")
    ratings.rate("1", "U1", "up")
    ratings.explain("1", "U1", reason="wrong", comment="")
    ((one,),) = (ratings.list_since(NOW - timedelta(days=1), kept),)
    assert (one.rating.verdict, one.rating.reason) == ("up", "")


def test_a_thumb_and_a_form_are_one_statement_each(engine: Engine):
    """Between two, a second thumb could be turned back."""
    keep(engine, "1")
    ratings, run = Ratings(engine), []
    event.listen(engine, "before_cursor_execute", lambda *given: run.append(given[2]))
    ratings.rate("1", "U1", "down")
    ratings.explain("1", "U1", reason="wrong", comment="")
    assert [statement.split()[0] for statement in run] == ["INSERT", "UPDATE"]


def test_a_rating_outlives_the_answer_to_an_edited_question(engine: Engine):
    keep(engine, "1")
    Ratings(engine).rate("1", "U1", "down")
    again = Answers(engine, days=90)
    again.add(replace(again.find("1"), id="2"))
    again.purge()
    (one,) = Ratings(engine).list_since(NOW - timedelta(days=1), again)
    assert one.rating.answer_id == "1"
    assert one.record.permalink_ts == "1.1"
    assert again.find_by_message(MessageKey("T0", "C0", "1.1")).id == "2"


def test_a_rating_comes_with_what_it_is_about(run: Run, engine: Engine):
    keep(engine, "1")
    Ratings(engine).rate("1", "U1", "down")
    Ratings(engine).explain("1", "U1", reason="outdated", comment="since 2.5\nit is new")
    [one] = json.loads(run("--json"))
    assert (one["verdict"], one["reason"], one["user"]) == ("down", "outdated", "U1")
    assert one["query"] == "How so?"
    assert one["passages"][0]["url"] == "https://example.com/page1#where"
    shown = run()
    assert "outdated" in shown
    assert "since 2.5 it is new" in shown
    [row] = csv.DictReader(io.StringIO(run("--csv")))
    assert tuple(row) == json_output.RATED_COLUMNS
    assert row["comment"] == "since 2.5\nit is new"
    assert row["pages"] == "https://example.com/page1#where https://example.com/page2#where"


def test_a_span_that_is_none_is_said(run: Run):
    assert "for example 7d" in run("--since", "yesterday")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_no_spreadsheet_takes_a_text_for_a_formula(run: Run, engine: Engine, text: str):
    keep(engine, "1", text)
    Ratings(engine).rate("1", "U1", "up")
    [row] = csv.DictReader(io.StringIO(run("--csv"), newline=""))
    assert row["question"] == "'" + text.replace("\r", "\n")


@given(st.text())
def test_a_cell_is_the_text_or_the_text_behind_an_apostrophe(text: str):
    lines = "\n".join(text.replace("\r\n", "\n").split("\r"))
    clean = strip_controls(lines)
    assert _escape_cell(text) in {clean, "'" + clean}
    assert _escape_cell(text).lstrip()[:1] not in {"=", "+", "-", "@"}


def test_the_first_of_two_quick_clicks_is_not_lost(engine: Engine):
    keep(engine, "1")
    Ratings(engine).rate("1", "U1", "down")
    Ratings(engine).explain("1", "U1", reason="wrong", comment="")
    Ratings(engine).rate("1", "U1", "down")
    [one] = Ratings(engine).list_since(NOW - timedelta(days=1), Answers(engine, days=90))
    assert one.rating.reason == "wrong"
