from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.plan import MOST_PARTS, PlannedPart, plan_by_words, plan_rewriting
from rag_core.query.segments import split_message
from rag_core.types import Question, Turn

HISTORY = (Turn("user", "How do I create a partition?"), Turn("assistant", "So [1]."))


def planned(text: str, history: tuple[Turn, ...] = ()) -> PlannedPart:
    return plan_by_words(Question(text, history), split_message(text))


def list_leaves(part: PlannedPart) -> list[PlannedPart]:
    if part.division is None:
        return [part]
    return [*list_leaves(part.division.first), *list_leaves(part.division.second)]


def test_a_plain_question_has_one_form():
    part = planned("How do I drop a partition?")
    assert part.forms == ("How do I drop a partition?",)
    assert part.division is None


def test_in_a_thread_every_question_has_a_second_form():
    for text in ("How do I drop it?", "How do I configure the access logs of Milvus?"):
        part = planned(text, HISTORY)
        assert part.forms == (text, f"{text} create partition")
    assert planned("Why?", (Turn("assistant", "Hello."),)).other == ""


def test_two_questions_are_parts_and_the_second_may_lean_on_the_first():
    part = planned("How do I install Birdwatcher? And how do I stop it?")
    division = part.division
    assert division is not None
    assert division.first.forms == ("How do I install Birdwatcher?",)
    assert division.second.forms == (
        "how do I stop it?",
        "how do I stop it? install Birdwatcher",
    )
    assert division.values == (1.0, 1.0, 0.0, 0.0, 1.0)


def test_the_thread_reaches_the_second_part_only_through_a_first_that_leans_on_it():
    own = planned("What is HNSW? How do I build it?", HISTORY).division.second
    assert own.other == "How do I build it? HNSW"
    leaning = planned("How do I drop it? And what are its limits?", HISTORY).division.second
    assert leaning.other == "what are its limits? drop create partition"


def test_a_second_part_with_words_of_its_own_has_one_form():
    division = planned("What is HNSW? How do I configure access logs in a file?").division
    assert division.second.forms == ("How do I configure access logs in a file?",)


def test_signs_of_a_list():
    division = planned("1. drop a partition\n2. What is nprobe?").division
    assert division.values == (0.0, 0.0, 1.0, 1.0, 0.0)
    assert division.is_marked


def test_a_question_after_its_context_is_not_marked():
    division = planned("Searches find nothing at once. How do I reduce the lag?").division
    assert not division.is_marked


def test_three_parts_in_their_order():
    part = planned("What is HNSW? How do I drop a partition?\nWhere are the logs of Milvus?")
    assert [leaf.asked for leaf in list_leaves(part)] == [
        "What is HNSW?",
        "How do I drop a partition?",
        "Where are the logs of Milvus?",
    ]
    assert len(list(part.list_forms())) <= 12


def test_more_than_three_questions_are_three_parts():
    part = planned("\n".join(f"{n}. What is the option number{n} for?" for n in range(1, 7)))
    leaves = list_leaves(part)
    assert len(leaves) == MOST_PARTS
    assert all(f"number{n}" in " ".join(leaf.asked for leaf in leaves) for n in range(1, 7))


def test_a_rewriting_is_searched_beside_the_question():
    part = plan_rewriting(Question("How do I drop it?", HISTORY), ["How do I drop a partition?"])
    assert part.forms == ("How do I drop it?", "How do I drop a partition?")
    assert part.by_llm


def test_what_the_llm_only_repeats_is_planned_by_words():
    for text in ("And drop?", "What is HNSW?", "How do I drop it? Where are its logs?"):
        question = Question(text, HISTORY)
        assert plan_rewriting(question, [text.casefold()]) == planned(text, HISTORY)


def test_a_part_that_the_llm_only_repeats_has_words_of_the_part_before():
    question = Question("What is HNSW? How do I build it?", HISTORY)
    part = plan_rewriting(question, ["What is HNSW?", "How do I build it?"])
    assert part.division.by_llm
    assert part.division.second.other == "How do I build it? HNSW create partition"
    assert not part.division.second.by_llm


def test_the_thread_reaches_the_second_part_through_an_opener():
    second = planned("And drop? What are its limits?", HISTORY).division.second
    assert second.other == "What are its limits? drop create partition"


def test_facts_before_a_question_are_no_part():
    text = "My setup:\n- 3 nodes\n- 8 GPUs each\nHow do I place an actor?"
    assert planned(text).division is None


def test_a_line_counts_only_where_both_ask():
    told = planned("Searches find nothing at once.\nHow do I reduce the lag?").division
    assert (told.lined, told.is_marked) == (False, False)
    asked = planned("How do I reduce the lag?\nWhere are the logs?").division
    assert (asked.lined, asked.is_marked) == (True, True)


def test_parts_by_the_llm():
    question = Question("Drop it? And HNSW, logs?", HISTORY)
    part = plan_rewriting(question, ["How do I drop one?", "What is HNSW?", "Where are logs?"])
    assert part.asked == question.text
    assert [leaf.asked for leaf in list_leaves(part)] == [
        "How do I drop one?",
        "What is HNSW?",
        "Where are logs?",
    ]
    assert part.division.by_llm


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_message_has_few_forms(text, before):
    part = planned(text, tuple(Turn("user", each) for each in before))
    assert part.asked == text
    assert 1 <= len(list_leaves(part)) <= MOST_PARTS
    assert len(list(part.list_forms())) <= 10
