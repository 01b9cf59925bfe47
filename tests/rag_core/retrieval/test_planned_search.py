from __future__ import annotations

import pytest

from rag_core.query.plan import PlannedPart, plan_by_words
from rag_core.query.segments import split_message
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.planned_search import PlannedSearch, embed_forms, is_readable
from rag_core.types import Question, Scope, Turn
from tests.rag_core.fakes import HashEmbedder, MemoryStore, make_chunk, publish

CHUNKS = [
    make_chunk("Access logs are written to a file on the disk.", path="logs.md", title="Logs"),
    make_chunk("Grant a role to a user with grant_role.", path="roles.md", title="Roles"),
    make_chunk("The HNSW index is a graph of layers.", path="hnsw.md", title="HNSW"),
    *(make_chunk(f"Zebra {n} runs to {n}.", path=f"{n}.md", title="Zebras") for n in range(12)),
]
THREAD = (Turn("user", "Where are access logs written?"),)


def plan(text: str, history=()) -> PlannedPart:
    return plan_by_words(Question(text, history), split_message(text))


def search(part: PlannedPart, *, scope: Scope = Scope(), **options):  # noqa: B008
    embedder, store = HashEmbedder(dimension=64), MemoryStore()
    publish(store, embedder, CHUNKS)
    vectors = embed_forms(embedder, tuple(part.list_forms()), options.get("expand", str))
    question = Question(part.asked, scope=scope)
    fusion = FusionConfig(depth=20)
    live = store.read_live_index()
    return PlannedSearch(store, live, question, fusion, vectors, **options).search(part)


def list_first(parts):
    return [part.lead.found.candidates[0].chunk.path for part in parts]


def test_a_question_is_one_part():
    (part,) = search(plan("Where are access logs written?"))
    assert part.queries == ("Where are access logs written?",)
    assert part.complete


def test_three_questions_are_three_parts_in_their_order():
    text = "What is a graph of layers?\nWhere are access logs written?\nHow do I grant a role?"
    assert list_first(search(plan(text))) == ["hnsw.md", "logs.md", "roles.md"]


def test_a_second_part_leans_on_the_first():
    division = plan("How do I grant a role to a user? And how do I list them?").division
    (part,) = search(division.second)
    assert part.asked == "how do I list them?"
    assert part.queries[0] == "how do I list them? grant role user"
    assert list_first([part]) == ["roles.md"]


def test_the_scope_holds_for_every_form_and_part():
    scope = Scope(path_prefix="hnsw")
    for part in search(plan("What is HNSW? Where are they written?", THREAD), scope=scope):
        assert {each.chunk.path for each in part.lead.found.candidates} == {"hnsw.md"}


def test_words_of_the_team_are_searched_with_every_form():
    def expand(text: str) -> str:
        return text.replace("the record", "the record access logs")

    (part,) = search(plan("Where is the record?"), expand=expand)
    assert part.lead.text == "Where is the record access logs?"
    assert list_first([part]) == ["logs.md"]
    assert part.asked == "Where is the record?"


def test_equal_texts_are_embedded_once_and_together():
    class Batching(HashEmbedder):
        def embed_queries(self, texts):
            self.batches.append(tuple(texts))
            return [self._vector(text) for text in texts]

    embedder = Batching()
    vectors = embed_forms(embedder, ("a b", "c", "a b"))
    assert embedder.batches == [("a b", "c")]
    assert set(vectors) == {"a b", "c"}
    embed_forms(embedder, ("alone",))
    assert len(embedder.batches) == 1
    assert set(embed_forms(HashEmbedder(), ("a", "b"))) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("Where are the logs?", True),
        ("etcd", True),
        ("Wie kann ich das einrichten?", False),
        ("Где лежат данные?", False),
        ("如何安装?", False),
    ],
)
def test_what_an_english_model_reads(text, readable):
    assert is_readable(text) == readable
