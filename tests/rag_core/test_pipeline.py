from __future__ import annotations

import doctest
import itertools
import re
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from rag_core import passage_search
from rag_core import pipeline as module
from rag_core.errors import (
    BusyError,
    CollectionGoneError,
    EmptyQuestionError,
    IndexMismatchError,
    IndexMissingError,
    ModelError,
    QuestionTooLongError,
    StoreError,
    StoreUnavailableError,
)
from rag_core.generation import writer
from rag_core.generation.prompt import build_prompt
from rag_core.pipeline import MAX_QUESTION_CHARACTERS, Pipeline
from rag_core.query.rewrite import REWRITE_PROMPT
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig, rerank_candidates
from rag_core.tuning import Tuning
from rag_core.types import (
    SCHEMA_VERSION,
    AnswerDone,
    Question,
    RerankStarted,
    Scope,
    SearchStarted,
    TextDelta,
    Turn,
    Usage,
)
from tests.rag_core.fakes import (
    HashEmbedder,
    MemoryStore,
    ScriptedGenerator,
    ScriptedReranker,
    make_chunk,
    publish,
)

CHUNKS = [
    make_chunk("Logs go to a message broker.", path="logs.md", title="Logs"),
    make_chunk("Milvus stores data in object storage.", path="data.md", title="Data"),
    *(make_chunk(f"Zebra number {n} runs.", path=f"{n}.md", title="Zebras") for n in range(8)),
]
QUESTION = Question("Where do logs go?")
USAGE = Usage(100, 10)
TUNING = Tuning(FusionConfig(depth=10), RerankConfig(depth=4, weight=0.5), passages=3)


def build(
    *pieces, llm: bool = True, store=None, reranker=None, chunks=CHUNKS, tuning=TUNING
) -> Pipeline:
    """A pipeline over the chunks whose LLM gives the pieces."""
    embedder = HashEmbedder()
    store = store or MemoryStore()
    publish(store, embedder, chunks)
    return Pipeline(
        embedder=embedder,
        reranker=reranker or ScriptedReranker(),
        store=store,
        generator=ScriptedGenerator(*pieces) if llm else None,
        tuning=tuning,
    )


def texts(events) -> list[str]:
    return [event.text for event in events if isinstance(event, TextDelta)]


def test_the_events_of_an_answer():
    pipeline = build("To a broker ", "[1].", USAGE)
    *events, done = pipeline.stream(QUESTION)
    assert events[:2] == [SearchStarted(), RerankStarted(4)]
    assert "".join(texts(events[2:])) == "To a broker [1]."
    assert len(events) == 2 + len(texts(events))
    answer = done.answer
    assert (answer.text, answer.status, answer.degraded) == ("To a broker [1].", "answered", ())
    assert (answer.revision, answer.usage) == ("r1", USAGE)
    assert [citation.number for citation in answer.citations] == [1]
    assert answer.citations[0].passage == answer.passages[0]
    assert answer.passages[0].chunk == CHUNKS[0]
    assert len(answer.passages) == TUNING.passages


def test_the_example_of_the_docstring_works():
    embedder, store = HashEmbedder(), MemoryStore()
    chunk = make_chunk("`drop_partition()` drops a released partition.", path="partitions.md")
    publish(store, embedder, [chunk, *CHUNKS])
    llm = ScriptedGenerator("Release the partition, then call `drop_partition()` [1].")
    parts = {"embedder": embedder, "store": store, "reranker": ScriptedReranker(), "generator": llm}
    parts |= {"Tuning": Tuning, "FusionConfig": FusionConfig, "RerankConfig": RerankConfig}
    example = doctest.DocTestParser().get_doctest(
        Pipeline.__doc__, {**vars(module), **parts}, "Pipeline", None, None
    )
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_answer_is_the_stream_collected():
    assert build("To a broker [1].").answer(QUESTION).text == "To a broker [1]."


def test_the_llm_reads_the_passages_and_the_question():
    pipeline = build("Fine.")
    answer = pipeline.answer(QUESTION)
    assert pipeline._writer._generator.asked == [build_prompt(QUESTION, answer.passages)]


def test_a_marker_without_a_passage_is_never_shown():
    *events, done = build("Logs 【", "4", "】 go [1", "].").stream(QUESTION)
    assert "".join(texts(events)) == done.answer.text == "Logs go [1]."


def test_reasoning_is_neither_shown_nor_cited():
    pieces = ("<thi", "nk>Passage [2] or 【3】?</th", "ink>\n\nLogs go to a broker", "【1】.")
    *events, done = build(*pieces).stream(QUESTION)
    assert "".join(texts(events)) == done.answer.text == "Logs go to a broker[1]."
    assert [citation.number for citation in done.answer.citations] == [1]


def test_reasoning_alone_is_no_answer():
    answer = build("<think>Where do logs go? ", "Passage [1] says it.").answer(QUESTION)
    assert "Where do logs go?" not in answer.text
    assert answer.degraded == ("llm_empty",)


def test_brackets_of_the_answers_own_stay():
    said = (
        "Logs go to a broker [1]. Element [0] is first, x[1] second, on port [19530]; ids [1, 2] of"
    )
    *events, done = build(said).stream(QUESTION)
    assert "".join(texts(events)) == done.answer.text == said
    assert [citation.number for citation in done.answer.citations] == [1]


def test_a_question_stays_in_its_scope():
    answer = build("Fine.").answer(Question("logs", scope=Scope(path_prefix="data")))
    assert [passage.chunk.path for passage in answer.passages] == ["data.md"]


def test_pages_that_say_the_same_reach_the_llm_once():
    copies = [make_chunk("Logs go to a message broker.", path=f"{n}.md") for n in range(4)]
    answer = build("Fine.", chunks=[*copies, *CHUNKS[1:]]).answer(QUESTION)
    assert len(answer.passages) == TUNING.passages
    assert sum(passage.chunk in copies for passage in answer.passages) == 1


# Follow-up questions

HISTORY = (Turn("user", "What is a zebra?"), Turn("assistant", "An animal [1]."))


def test_a_follow_up_is_searched_as_it_was_rewritten_and_answered_as_it_was_asked():
    pipeline = build("Where do logs go?", Usage(7, 3))
    question = Question("And where do they go?", (Turn("user", "What are logs?"),))
    answer = pipeline.answer(question)
    assert answer.query == "Where do logs go?"
    assert answer.passages[0].chunk == CHUNKS[0]
    rewriting, writing = pipeline._writer._generator.asked
    assert rewriting[0] == REWRITE_PROMPT
    assert writing == build_prompt(question, answer.passages)
    assert answer.usage == Usage(14, 6)
    assert answer.timings.rewrite_ms > 0


def test_without_an_llm_a_follow_up_is_searched_with_the_words_of_its_thread():
    answer = build(llm=False).answer(Question("And how many?", HISTORY))
    assert answer.query == "And how many? zebra"
    assert answer.passages[0].chunk.title == "Zebras"
    assert answer.usage is None


def test_a_question_without_a_history_is_searched_as_it_was_asked():
    pipeline = build("Fine.")
    answer = pipeline.answer(QUESTION)
    assert answer.query == QUESTION.text
    assert answer.timings.rewrite_ms == 0
    assert len(pipeline._writer._generator.asked) == 1


# Scripts


def test_a_script_that_the_model_cannot_read_is_said_and_no_noise_shown():
    pipeline = build("Never said.", tuning=replace(TUNING, latin_only=True))
    answer = pipeline.answer(Question("Где данные?"))
    assert (answer.status, answer.degraded) == ("not_found", ("script_unread",))
    assert answer.passages == pipeline.search(Question("Где данные?")) == ()
    assert pipeline._writer._generator.asked == []


@pytest.mark.parametrize("text", ["Где zebra?", "Where do unheard things go?"])
def test_a_word_that_is_found_or_latin_letters_are_searched_as_ever(text):
    pipeline = build("Fine [1].", tuning=replace(TUNING, latin_only=True))
    assert pipeline.answer(Question(text)).degraded == ()


def test_a_multilingual_model_reads_any_script():
    assert build("Fine.").answer(Question("Где данные?")).status == "answered"


# Errors


@pytest.mark.parametrize("text", ["", " \n\t"])
@pytest.mark.parametrize("ask", ["answer", "search", "search_dense"])
def test_an_empty_question(ask, text):
    with pytest.raises(EmptyQuestionError, match="write what you want to know"):
        getattr(build(), ask)(Question(text))


@pytest.mark.parametrize("ask", ["answer", "search", "search_dense"])
def test_a_question_of_20_000_characters(ask):
    with pytest.raises(
        QuestionTooLongError, match=r"has 20,000 characters but docent reads at most 4,000"
    ):
        getattr(build(), ask)(Question("x" * 20_000))


def test_the_longest_question():
    answer = build("Fine.").answer(Question("x" * MAX_QUESTION_CHARACTERS))
    assert answer.text == "Fine."


@pytest.mark.parametrize("ask", ["answer", "search", "search_dense"])
def test_nothing_is_indexed(ask):
    pipeline = Pipeline(
        embedder=HashEmbedder(),
        reranker=ScriptedReranker(),
        store=MemoryStore(),
        generator=None,
        tuning=TUNING,
    )
    with pytest.raises(IndexMissingError, match="run `docent index` first"):
        getattr(pipeline, ask)(QUESTION)


@pytest.mark.parametrize("ask", ["answer", "search", "search_dense"])
def test_an_index_of_an_earlier_docent_names_the_command(ask):
    store = MemoryStore()
    pipeline = build(store=store)
    live = store.read_live_index()
    store._specs[live.collection] = replace(live.spec, schema=SCHEMA_VERSION - 1)
    with pytest.raises(IndexMismatchError, match="earlier version of docent: run `docent index`"):
        getattr(pipeline, ask)(QUESTION)


@pytest.mark.parametrize("ask", ["answer", "search", "search_dense"])
@pytest.mark.parametrize(
    ("embedder", "built", "mine", "setting"),
    [
        (HashEmbedder("newer"), "built with hash", "newer", "DOCENT_PROFILE"),
        (HashEmbedder("hash@1"), "built with hash without", "hash@1", "DOCENT_EMBEDDING_REVISION"),
        (HashEmbedder("hash", 16), "built with hash in 32", "16 dim", "DOCENT_EMBEDDING_DIM"),
    ],
)
def test_an_index_of_another_model_names_both_and_the_command(ask, embedder, built, mine, setting):
    pipeline = build()
    pipeline._embedder = embedder
    with pytest.raises(
        IndexMismatchError, match=rf"{built}.*{mine}.*`docent index`.*{setting}"
    ) as caught:
        getattr(pipeline, ask)(QUESTION)
    with pytest.raises(IndexMismatchError, match=re.escape(str(caught.value))):
        pipeline.require_live_index()


def test_milvus_that_is_down_is_an_error_and_no_answer():
    class Down(MemoryStore):
        def search_dense(self, *_args, **_options):
            raise StoreUnavailableError("No Milvus answers.")

    with pytest.raises(StoreUnavailableError):
        build("Never said.", store=Down()).answer(QUESTION)


@pytest.mark.parametrize("times", [1, 2])
def test_a_version_that_is_dropped_while_a_question_searches_it(times: int):
    left = [CollectionGoneError("A version is gone.")] * times

    class Renewed(MemoryStore):
        def search_dense(self, *args, **options):
            if left:
                raise left.pop()
            return super().search_dense(*args, **options)

    pipeline = build("To a broker [1].", store=Renewed())
    if times == 1:
        assert pipeline.answer(QUESTION).text == "To a broker [1]."
    else:  # it is not tried for ever
        with pytest.raises(CollectionGoneError):
            pipeline.answer(QUESTION)


class Broken(HashEmbedder):
    """An embedder whose server is down."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def embed_query(self, _text):
        raise self._error


@pytest.mark.parametrize(
    "error", [ModelError("out of memory"), RuntimeError("CUDA out of memory"), KeyError("a bug")]
)
def test_an_embedder_that_fails_leaves_the_words(error):
    pipeline = build("To a broker [1].")
    pipeline._search._embedder = Broken(error)
    answer = pipeline.answer(QUESTION)
    assert (answer.text, answer.degraded) == ("To a broker [1].", ("embed_failed",))
    assert answer.passages[0].chunk == CHUNKS[0]


def test_an_embedder_that_fails_leaves_quotations_without_an_llm():
    pipeline = build(llm=False)
    pipeline._search._embedder = pipeline._writer._quoter._embedder = Broken(ModelError("down"))
    answer = pipeline.answer(QUESTION)
    assert "Logs go to a message broker." in answer.text
    assert answer.degraded == ("embed_failed", "no_llm")


@pytest.mark.parametrize("text", ["Wo landen Protokolle?", "?!"])
def test_words_that_are_found_nowhere_are_no_answer_when_the_embedder_fails(text):
    pipeline = build("Never said.")
    pipeline._search._embedder = Broken(ModelError("The model server does not answer: start it."))
    with pytest.raises(ModelError, match="start it"):
        pipeline.answer(Question(text))


def test_without_embedder_and_bm25_it_is_an_error():
    pipeline = build("Never said.", store=MemoryStore(lexical_error=StoreError("no BM25")))
    pipeline._search._embedder = Broken(ModelError("down"))
    with pytest.raises(StoreError):
        pipeline.answer(QUESTION)


# The rest


def test_closing_the_stream_closes_the_llm():
    pipeline = build("One ", "two ", "three.")
    stream = pipeline.stream(QUESTION)
    assert next(event for event in stream if isinstance(event, TextDelta)).text == "One"
    assert not pipeline._writer._generator.closed
    stream.close()
    assert pipeline._writer._generator.closed
    assert pipeline._writer._generator.given == 1


def test_text_is_passed_on_before_the_llm_writes_more():
    pipeline = build("One", " two", " three.")
    for number, event in enumerate(
        e for e in pipeline.stream(QUESTION) if isinstance(e, TextDelta)
    ):
        assert event.text
        assert pipeline._writer._generator.given == number + 1


def test_search_gives_passages_in_the_order_of_the_answer():
    def score(_query: str, passage: str) -> float:
        return float("object storage" in passage)

    question = Question("Where do logs go, and data?")
    pipeline = build("Fine.", reranker=ScriptedReranker(score))
    passages = pipeline.search(question)
    assert passages[0].chunk == CHUNKS[1]
    assert passages[: TUNING.passages] == pipeline.answer(question).passages
    assert len(passages) == len(CHUNKS)
    assert [passage.rerank_score is not None for passage in passages] == [True] * 4 + [False] * 6
    assert pipeline.search(question, limit=2) == passages[:2]


def test_search_writes_no_answer():
    pipeline = build("Never said.")
    pipeline.search(QUESTION)
    assert pipeline._writer._generator.asked == []


def test_by_embedding_is_the_order_of_the_cosines():
    hits = build().search_dense(QUESTION, limit=5)
    assert hits[0].chunk == CHUNKS[0]
    assert len(hits) == 5
    query = HashEmbedder().embed_query(QUESTION.text)
    for hit in hits:
        cosine = HashEmbedder().embed_query(hit.chunk.embedding_text) @ query
        assert hit.score == pytest.approx(float(cosine), abs=1e-6)


@pytest.mark.parametrize("llm", [True, False])
def test_every_stage_that_ran_has_its_milliseconds(monkeypatch, llm):
    seconds = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(seconds)))
    monkeypatch.setattr(writer, "time", clock)
    timings = build("To a broker [1].", llm=llm).answer(QUESTION).timings
    stages = (timings.embed_ms, timings.search_ms, timings.rerank_ms)
    assert stages == (1_000, 1_000, 1_000)
    assert timings.generate_ms > 0
    assert 3_000 < timings.first_text_ms < timings.total_ms
    assert sum(stages) + timings.generate_ms <= timings.total_ms


def test_stages_that_did_not_run_take_no_time(monkeypatch):
    seconds = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(seconds)))
    monkeypatch.setattr(writer, "time", clock)
    answer = build("Never said.").answer(Question("logs", scope=Scope(sources=("elsewhere",))))
    assert (answer.timings.generate_ms, answer.timings.first_text_ms) == (0, 0)


def test_the_answer_is_of_the_version_that_was_live_when_it_was_asked():
    embedder, store = HashEmbedder(), MemoryStore()
    pipeline = build("Fine.", store=store)
    stream = pipeline.stream(QUESTION)
    assert next(stream) == SearchStarted()
    publish(store, embedder, CHUNKS[1:2], revision="r2")
    *_, done = stream
    assert isinstance(done, AnswerDone)
    assert done.answer.revision == "r1"
    assert done.answer.passages[0].chunk == CHUNKS[0]
    assert pipeline.answer(QUESTION).revision == "r2"


# Places


class Places:
    """As many as given; counts those taken."""

    def __init__(self, limit: int = 1) -> None:
        self.limit = limit
        self.taken = 0

    @contextmanager
    def __call__(self):
        if self.taken == self.limit:
            raise BusyError(self.taken + 1)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def seated(places: Places, *pieces) -> Pipeline:
    store, embedder = MemoryStore(), HashEmbedder()
    publish(store, embedder, CHUNKS)
    return Pipeline(
        embedder=embedder,
        reranker=ScriptedReranker(),
        store=store,
        generator=ScriptedGenerator(*pieces),
        tuning=TUNING,
        hold_slot=places,
    )


def test_a_question_has_its_place_until_its_passages_are_ranked():
    places = Places()
    taken = {type(event): places.taken for event in seated(places, "Fine.").stream(QUESTION)}
    assert taken == {SearchStarted: 1, RerankStarted: 1, TextDelta: 0, AnswerDone: 0}


def test_a_follow_up_is_rewritten_before_it_takes_a_place():
    places, taken = Places(), []
    pipeline = seated(places, "Fine.")
    plan = pipeline._planner.plan
    pipeline._planner.plan = lambda asked: taken.append(places.taken) or plan(asked)
    pipeline.answer(replace(QUESTION, history=(Turn("user", "What is a segment?"),)))
    assert taken == [0]


@pytest.mark.parametrize("events", [1, 2])
def test_a_question_that_is_cancelled_frees_its_place(events):
    places = Places()
    stream = seated(places, "Fine.").stream(QUESTION)
    for _ in range(events):
        next(stream)
    assert places.taken == 1
    stream.close()
    assert places.taken == 0


@pytest.mark.parametrize("ask", ["answer", "search", "search_dense"])
def test_a_question_without_a_place_is_refused(ask):
    pipeline = seated(Places(0), "Fine.")
    with pytest.raises(BusyError, match="number 1 in line"):
        getattr(pipeline, ask)(QUESTION)


def test_a_ranking_that_was_cut_is_said(monkeypatch):
    def cut(*asked):
        return replace(rerank_candidates(*asked), cut=True)

    monkeypatch.setattr(passage_search, "rerank_candidates", cut)
    assert build("Fine [1].").answer(QUESTION).degraded == ("rerank_cut",)
