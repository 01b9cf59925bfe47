from __future__ import annotations

import threading

from rag_core.outages import Outages


def collect(outages: Outages) -> list[tuple[str, str]]:
    changes: list[tuple[str, str]] = []
    outages.subscribe(
        lambda service, outage: changes.append((service, outage.sentence if outage else ""))
    )
    return changes


def test_only_changes_are_passed_on():
    outages = Outages()
    changes = collect(outages)
    outages.clear("llm")
    outages.report("llm", "It is down: start it.")
    outages.report("llm", "It is down: start it.")
    outages.report("milvus", "It is gone: start it.")
    outages.report("llm", "It refuses the key: set another.")
    outages.clear("llm")
    outages.clear("llm")
    assert changes == [
        ("llm", "It is down: start it."),
        ("milvus", "It is gone: start it."),
        ("llm", "It refuses the key: set another."),
        ("llm", ""),
    ]
    assert [each.service for each in outages.list_current()] == ["milvus"]


def test_an_outage_that_is_forgotten_is_passed_on_again_and_its_end_is_not():
    outages = Outages()
    changes = collect(outages)
    outages.report("llm", "It is down: start it.")
    (first,) = outages.list_current()
    outages.forget(first)
    outages.clear("llm")
    outages.report("llm", "It is down: start it.")
    outages.forget(first)  # another one than this
    assert [each.service for each in outages.list_current()] == ["llm"]
    assert changes == [("llm", "It is down: start it.")] * 2


def test_another_sentence_keeps_the_time_of_the_first():
    outages = Outages()
    outages.report("llm", "It is down: start it.")
    (first,) = outages.list_current()
    outages.report("llm", "It refuses the key: set another.")
    (second,) = outages.list_current()
    assert (second.since, second.sentence) == (first.since, "It refuses the key: set another.")


def test_a_callback_that_fails_costs_nothing(caplog):
    outages = Outages()
    outages.subscribe(lambda *_: 1 / 0)
    changes = collect(outages)
    outages.report("reranker", "It is down: start it.")
    assert changes == [("reranker", "It is down: start it.")]
    assert "could not be passed on" in caplog.text


def test_many_threads_pass_on_one_outage():
    outages = Outages()
    changes = collect(outages)
    threads = [
        threading.Thread(target=outages.report, args=("embedder", "It is down: start it."))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert changes == [("embedder", "It is down: start it.")]


def test_each_failure_is_passed_on_with_its_kind():
    outages = Outages()
    failures: list[tuple[str, str]] = []
    outages.subscribe_to_failures(lambda service, kind: failures.append((service, kind)))
    outages.record_failure("llm", "429")
    outages.record_failure("llm", "429")
    assert failures == [("llm", "429")] * 2
    assert outages.list_current() == ()
