"""Pages that took too much are remembered for their index, their source and this version."""

from __future__ import annotations

from sqlalchemy import Engine

from ingest.state.hard_pages import HardPages
from ingest.state.ledger import Ledger


def test_the_pages_of_sources_that_were_read_are_replaced(engine: Engine):
    Ledger(engine, index="docent")
    pages = HardPages(engine, index="docent")
    pages.remember(["a", "b"], {("a", "1"): "late", ("b", "2"): "large"})
    assert pages.read() == {"1": "late", "2": "large"}
    pages.remember(["a"], {("a", "3"): "late"})
    assert pages.read() == {"2": "large", "3": "late"}
    assert HardPages(engine, index="other").read() == {}
    pages.remember(["a", "b"], {})
    assert pages.read() == {}


def test_another_version_tries_them_again(engine: Engine, monkeypatch):
    Ledger(engine, index="docent")
    HardPages(engine, index="docent").remember(["a"], {("a", "1"): "late"})
    monkeypatch.setattr("ingest.state.hard_pages.__version__", "99")
    newer = HardPages(engine, index="docent")
    assert newer.read() == {}
    newer.remember(["a"], {("a", "1"): "late"})
    assert newer.read() == {"1": "late"}
