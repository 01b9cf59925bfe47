"""Calls that a question makes to Milvus before it searches, counted at pymilvus's client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from pymilvus import MilvusClient

from benchmarks.harness.bench_index import BenchIndex
from ingest.state.live_mark import LiveMark
from rag_core.factory import open_pipeline
from rag_core.pipeline import Pipeline
from rag_core.settings import RagSettings


def question_calls(bench: BenchIndex, *, questions: int) -> dict[str, Any]:
    """Ask with the mark that the bot hands in, and without one, as each question did before."""
    settings = RagSettings(_env_file=None, profile="starter")
    asked = bench.questions()
    with bench.open_ledger() as ledger:
        marked = open_pipeline(settings, bench.models, bench.store, read_mark=LiveMark(ledger).read)
        marked.search(next(asked))  # the first question after a switch asks Milvus
        found = {}
        for name, pipeline in (("with_mark", marked), ("without_mark", bench.pipeline)):
            counts = [_count_calls(pipeline, next(asked)) for _ in range(questions)]
            found[name] = {
                "before_searches_most": max(each[0] for each in counts),
                "in_all_most": max(each[1] for each in counts),
            }
    return {"versions": len(bench.store.list_collections()), "questions": questions, **found}


def _count_calls(pipeline: Pipeline, question: Any) -> tuple[int, int]:
    """Return the calls before the first search, and all."""
    with client_calls() as calls:
        pipeline.search(question)
    return calls.index("search"), len(calls)


@contextmanager
def client_calls() -> Iterator[list[str]]:
    """Names of the client's methods in the order of their calls, for the time of a block.

    A method that another one of the client calls is not counted.
    """
    calls: list[str] = []
    inside = threading.local()

    def watch(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*arguments: Any, **options: Any) -> Any:
            if getattr(inside, "yes", False):
                return method(*arguments, **options)
            calls.append(name)
            inside.yes = True
            try:
                return method(*arguments, **options)
            finally:
                inside.yes = False

        return call

    methods = {
        name: method
        for kind in reversed(MilvusClient.__mro__[:-1])
        for name, method in vars(kind).items()
        if callable(method) and not name.startswith("_")
    }
    own = set(vars(MilvusClient))
    for name, method in methods.items():
        setattr(MilvusClient, name, watch(name, method))
    try:
        yield calls
    finally:
        for name, method in methods.items():
            if name in own:
                setattr(MilvusClient, name, method)
            else:
                delattr(MilvusClient, name)
