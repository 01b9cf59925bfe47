"""`/docent why`: how the last answer came about, told to its asker alone."""

from dataclasses import replace

from bot.slack.views import explanation, modals
from bot.storage.answers import AnswerRecord
from bot.texts import button_labels as words
from bot.types import MessageKey
from rag_core.types import AnswerDone, Passage, Timings, Usage
from tests.bot.conftest import Docent
from tests.bot.conversation.test_follow_ups import kept
from tests.bot.fakes import answer, chunk, citation, script
from tests.bot.slack.actions.test_commands import told
from tests.servers.slack.limits import check_view
from tests.servers.slack.store import ALICE, BOB

GIVEN = replace(
    answer(citations=(citation(1),)),
    passages=(citation(1).passage, Passage(chunk(2, title="Logs"), 0.5, None)),
    query="how is data deleted in Milvus?",
    timings=Timings(rewrite_ms=12.4, embed_ms=3, search_ms=20, rerank_ms=310, total_ms=900),
    usage=Usage(1200, 85),
)


async def asked(docent: Docent, text: str = "and how is it deleted?", **where: str) -> None:
    docent.pipeline.script = [*script()[:2], AnswerDone(GIVEN)]
    question = await docent.slack.mention(text, **where)
    await docent.slack.wait_for_reply(question)
    await kept(docent, question)


async def test_why_tells_the_asker_alone_how_the_last_answer_came_about(docent: Docent):
    await docent.start()
    await asked(docent)
    await docent.slack.slash("/docent", "why")
    text = (await docent.slack.wait_for_message(told(ALICE, "*Passages*"))).shown
    assert "and how is it deleted?" in text
    assert "*Searched for*: how is data deleted in Milvus?" in text
    assert "retrieval 0.900 · rerank 0.800 · cited as [1]" in text
    assert "Logs \u203a Where data lives>: retrieval 0.500 · rerank -" in text
    assert "rewriting 12 ms" in text
    assert "ranking 310 ms" in text
    assert "1,200 read, 85 written" in text


async def test_why_is_about_ones_own_questions(docent: Docent):
    await docent.start()
    await asked(docent)
    await docent.slack.slash("/docent", "why", user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.NOTHING_TO_EXPLAIN))


async def test_why_without_kept_texts_has_nothing_to_tell(docent: Docent):
    await docent.start(keep_days=0)
    await asked(docent)
    await docent.slack.slash("/docent", "why")
    await docent.slack.wait_for_message(told(ALICE, words.NOTHING_TO_EXPLAIN))


async def test_what_was_typed_calls_nobody(docent: Docent):
    await docent.start()
    await asked(docent, "is a &lt;!here&gt; b?")
    await docent.slack.slash("/docent", "why")
    text = (await docent.slack.wait_for_message(told(ALICE, "*Passages*"))).shown
    assert "a &lt;!here&gt; b?" in text


async def test_why_speaks_the_askers_language(docent: Docent):
    docent.slack.store.locales[ALICE] = "de-DE"
    await docent.start()
    await asked(docent)
    await docent.slack.slash("/docent", "why")
    text = (await docent.slack.wait_for_message(told(ALICE, "*Stellen*"))).shown
    assert "*Gesucht*: how is data deleted in Milvus?" in text
    assert "Suche 0,900 · Ordnen 0,800 · zitiert als [1]" in text
    assert "1.200 gelesen, 85 geschrieben" in text


def test_a_question_full_of_signs_fits_into_the_modal():
    full = AnswerRecord("1", MessageKey("1", "2", "3"), "4", ALICE, question="<&" * 2000)
    shown = modals.build_evidence_view(
        full, replace(GIVEN, query="&<" * 2000, degraded=("no_llm",))
    )
    check_view(shown.to_dict(), kind="modal")


def test_each_part_that_was_searched_for_is_told_on_one_line():
    record = AnswerRecord("1", MessageKey("1", "2", "3"), "4", ALICE, question="Both?")
    text = explanation.render_origin(record, replace(GIVEN, query="What is a?\nWhat is b?"))
    assert "*Searched for*: What is a? · What is b?" in text


def test_an_answer_without_passages_says_so():
    assert explanation.render_candidates(answer(citations=())) == "*Passages*: none"


def test_passages_say_their_version_where_it_differs():
    passages = tuple(Passage(replace(chunk(n), version=f"2.{n}"), 0.5, None) for n in (4, 5))
    given = replace(GIVEN, citations=(), passages=passages)
    assert "Where data lives (2.4)>" in explanation.render_candidates(given)
    assert "(2.4)" not in explanation.render_candidates(replace(given, passages=passages[:1]))
