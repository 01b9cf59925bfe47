"""An answer as Discord's messages: within the limit, whole, harmless."""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord.content.answer import (
    MESSAGE_LIMIT,
    pack_lines,
    render_answer,
    render_draft,
    render_messages,
)
from bot.texts import answers
from bot.texts.catalog import set_language
from bot.types import AnswerContext
from rag_core.types import Scope
from tests.bot.discord.content.reader import read
from tests.bot.fakes import LAST_SYNC, answer, chunk, citation
from tests.bot.markup.test_splitting import any_markdown, documents

anything = st.text(alphabet="abc <>&!@#|-*_~`[]()\n0123.:\\\t>$", max_size=400)


def letters(text: str) -> str:
    return re.sub(r"[^a-zA-Z]", "", text)


def shown(messages: tuple[str, ...]) -> str:
    return "\n".join(messages)


def test_a_short_answer_is_one_message_with_sources_and_footer():
    (message,) = render_answer(answer(), AnswerContext(as_of=LAST_SYNC))
    assert message == (
        "Milvus stores data in object storage [1]. Logs go to the broker [2].\n\n"
        "**Sources**\n"
        "[1] [Storage \u203a Where data lives](<https://example.com/page1#where>)\n"
        "[2] [Storage \u203a Where data lives](<https://example.com/page2#where>)\n\n"
        f"-# docs read <t:{int(LAST_SYNC.timestamp())}:R> · revision `a1b2c3d`"
    )


def test_the_footer_says_what_was_missing_and_which_part_was_searched():
    given_answer = answer(degraded=("rerank_failed",))
    context = AnswerContext(
        scope=Scope(version="2.4", sources=("a", "b")), notes=("A note.",), was_missed=True
    )
    footer = render_answer(given_answer, context)[-1].splitlines()[-1]
    assert footer == (
        f"-# {answers.AWAY} · {answers.DEGRADED['rerank_failed']} · docs revision `a1b2c3d` · "
        "A note. · version `2.4` · source `a, b`"
    )


def test_without_an_answer_the_nearest_pages_are_listed():
    found = replace(answer("", status="not_found", citations=()), passages=(citation(1).passage,))
    (message,) = render_answer(found, AnswerContext())
    assert message.startswith(f"{answers.NOT_FOUND}\n\n**{answers.NEAREST}**\n- [Storage")


def test_parts_without_an_answer_are_named_as_words():
    message = shown(
        render_answer(replace(answer(), unanswered=("@everyone __x__",)), AnswerContext())
    )
    assert "part of your question: “\\@everyone \\_\\_x\\_\\_”" in message


def test_titles_can_call_nobody():
    cited = citation(1, chunk(title="@everyone <@1> [x](y) ||z||"))
    seen = read(shown(render_answer(answer(citations=(cited,)), AnswerContext())))
    assert {"mention", "spoiler"} & set(seen.kinds) == set()
    assert "@everyone <@1> [x](y) ||z||" in seen.text


def test_the_footer_is_in_the_language_of_the_reader():
    set_language("de")
    assert "**Quellen**" in shown(render_answer(answer(), AnswerContext()))
    set_language("en")


def test_a_formula_is_shown_as_code():
    assert render_messages(r"The sum is $\alpha \le x^2$.") == ["The sum is `\u03b1 ≤ x²`."]


def test_the_tail_has_a_message_of_its_own_if_it_does_not_fit():
    cited = tuple(citation(n, chunk(n, title="x" * 100)) for n in range(1, 31))
    messages = render_answer(answer("word " * 380, citations=cited), AnswerContext())
    assert messages[1].startswith("**Sources**\n[1] ")
    assert messages[-1].splitlines()[-1].startswith("-# ")
    assert all(len(message) <= MESSAGE_LIMIT for message in messages)
    assert len(re.findall(r"^\[\d+\] ", shown(messages), re.MULTILINE)) == 30


@settings(deadline=None, max_examples=20)
@given(st.one_of(anything, documents, any_markdown), st.integers(150, 400))
def test_any_answer_keeps_to_the_limit_with_its_code_closed(text: str, limit: int):
    for message in render_messages(text, limit):
        assert 0 < len(message) <= limit
        assert message.count("```") % 2 == 0


@settings(deadline=None, max_examples=20)
@given(st.one_of(anything, documents, any_markdown))
def test_any_answer_calls_nobody(text: str):
    for message in render_messages(text, 300):
        assert {"mention", "emoji", "spoiler", "address"} & set(read(message).kinds) == set()


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.sampled_from(["word", "**bold**", "a_b", "1.", "- x", "\n\n", "`c_d`", "||e||", "__f__"])
    ).map(" ".join)
)
def test_no_word_is_lost(text: str):
    messages = render_messages(text, 60)
    assert letters("".join(read(message).text for message in messages)) == letters(text)


@given(st.lists(st.integers(0, 400), max_size=60))
def test_a_long_answer_loses_no_line(numbers: list[int]):
    text = "\n\n".join(f"Line {number} of the page." for number in numbers)
    messages = render_answer(answer(text, citations=()), AnswerContext())
    assert all(len(message) <= MESSAGE_LIMIT for message in messages)
    if numbers:
        assert re.findall(r"Line (\d+) of", shown(messages)) == [str(n) for n in numbers]


def test_a_draft_grows_until_its_message_is_full():
    text = "\n\n".join(f"Paragraph {number} with **words**." for number in range(120))
    drafts = [render_draft(text[:end]) for end in range(0, len(text), 293)]
    assert drafts[0] == ""
    assert all(len(draft) <= MESSAGE_LIMIT for draft in drafts)
    assert drafts[-1].endswith("\n…")
    assert drafts[-1].startswith("Paragraph 0 with **words**.\n\nParagraph 1 ")


def test_a_draft_closes_the_code_that_is_being_written():
    assert render_draft("Run:\n```sh\nmake") == "Run:\n```sh\nmake\n```"


def test_lines_are_packed_whole():
    packed = list(pack_lines(["a" * 30, "b" * 30, "c" * 30], 70))
    assert packed == [f"{'a' * 30}\n{'b' * 30}", "c" * 30]
