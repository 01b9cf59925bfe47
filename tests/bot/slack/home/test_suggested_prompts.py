"""Suggested prompts: headings of the documentation, where people begin to write."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.home.suggested_prompts import MAX_HEADING_LENGTH, MAX_PROMPTS, choose_headings
from ingest.errors import StateError
from rag_core.types import Chunk
from tests.bot.conftest import Docent, index_status
from tests.bot.fakes import TEXT, chunk
from tests.bot.scenarios.asking.test_asking import settled
from tests.servers.slack.store import ALICE, BOB

ASKED = [f"How do I do {number}?" for number in range(8)]


def section(page: int, *headings: str, title: str = "Storage", position: int = 0) -> Chunk:
    return replace(chunk(page, title=title), headings=headings, position=position)


def test_questions_from_all_over_come_first():
    chunks = [section(page, "Guide", asked) for page, asked in enumerate(ASKED)]
    assert choose_headings(reversed(chunks)) == tuple(ASKED[::2])


def test_pages_with_several_questions_fill_up():
    chunks = [section(1, asked, position=n) for n, asked in enumerate(ASKED[:3])]
    chunks += [section(2, "Where is it?", title="Places"), section(3, title="Prices")]
    assert choose_headings(chunks) == (ASKED[0], "Where is it?", *ASKED[1:3])


def test_without_questions_they_are_titles_of_pages():
    chunks = [section(page, "Where data lives", title=f"Page {page}") for page in range(1, 9)]
    assert choose_headings(chunks) == ("Page 1", "Page 3", "Page 5", "Page 7")


def test_headings_that_are_too_long_are_left_out():
    long = "why " * MAX_HEADING_LENGTH + "?"
    assert choose_headings([section(1, long, title=long), section(2, title="")]) == ()


@given(st.lists(st.tuples(st.integers(0, 9), st.text(), st.text()), max_size=30))
def test_there_are_never_more_than_slack_shows_and_none_is_invented(parts):
    chunks = [section(page, heading, title=title) for page, heading, title in parts]
    chosen = choose_headings(chunks)
    assert len(set(chosen)) == len(chosen) <= MAX_PROMPTS
    assert set(chosen) <= {text for _, *texts in parts for text in texts} - {""}


def prompts(docent: Docent, user: str) -> list[dict[str, str]]:
    channel = docent.slack.store.open_direct(user).id
    return docent.slack.store.prompts.get((channel, ""), [])


async def test_whoever_opens_the_messages_gets_them(docent: Docent):
    docent.chunks = [section(page, asked) for page, asked in enumerate(ASKED[:2])]
    await docent.start()
    await docent.slack.open_app(user=BOB, tab="messages")
    await docent.slack.wait_for(lambda: prompts(docent, BOB))
    wanted = [*ASKED[:2], "Storage"]
    assert prompts(docent, BOB) == [{"title": text, "message": text} for text in wanted]
    assert docent.slack.store.homes == {}


async def test_who_gets_no_answers_is_suggested_nothing(docent: Docent):
    docent.chunks = [section(1, ASKED[0])]
    await docent.start(allowed_users=ALICE)
    await docent.slack.open_app(user=BOB, tab="messages")
    await docent.slack.open_app(user=ALICE, tab="messages")
    await docent.slack.wait_for(lambda: prompts(docent, ALICE))
    assert prompts(docent, BOB) == []


async def test_a_new_version_of_the_index_has_others(docent: Docent):
    docent.chunks = [section(1, ASKED[0])]
    await docent.start()
    await docent.slack.open_app(tab="messages")
    await docent.slack.wait_for(lambda: prompts(docent, ALICE))
    docent.chunks = [section(1, ASKED[1])]
    docent.read_status = lambda: index_status(revision="another")
    await docent.slack.open_app(tab="messages")
    await docent.slack.wait_for(lambda: prompts(docent, ALICE)[0]["title"] == ASKED[1])


async def test_without_an_index_there_are_none(docent: Docent):
    docent.read_status = lambda: index_status(revision=None)
    await docent.start()
    await docent.slack.open_app(tab="messages")
    await settled(docent)
    assert docent.slack.calls("assistant.threads.setSuggestedPrompts") == []


async def test_what_can_not_be_read_or_shown_stops_nothing(docent: Docent):
    def broken():
        raise StateError("the disk is gone")

    docent.read_status = broken
    await docent.start()
    await docent.slack.open_app(tab="messages")
    await settled(docent)
    docent.read_status, docent.chunks = index_status, [section(1, ASKED[0])]
    docent.slack.lack("assistant.threads.setSuggestedPrompts")
    await docent.slack.open_app(tab="messages")
    await docent.slack.wait_for_calls("assistant.threads.setSuggestedPrompts")
    await settled(docent)
    await docent.slack.open_app(tab="messages")
    question = await docent.slack.dm("how?")
    await docent.slack.wait_for_reply(question, containing=TEXT)
    assert len(docent.slack.calls("assistant.threads.setSuggestedPrompts")) == 1
