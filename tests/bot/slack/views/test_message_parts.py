"""An answer as messages that Slack takes: limits, tables, and plainer forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import MarkdownTextObject, SectionBlock

from bot.markup import splitting
from bot.slack.views.answer_blocks import build_answer_tail
from bot.slack.views.message_parts import (
    MESSAGE_LIMIT,
    TEXT_LIMIT,
    MessagePart,
    add_note,
    build_parts,
    list_plainer,
    measure_blocks,
)
from bot.types import AnswerContext
from tests.bot.fakes import answer, chunk, citation
from tests.servers.slack.blocks import ALL_BLOCKS, check_blocks, count_characters

TABLE = "| Name | Port |\n|---|---|\n| proxy | 19530 |"
WORDS = "Milvus stores data in object storage [1]. "


def tail_of(count: int, url_length: int = 30) -> tuple:
    cited = tuple(
        citation(n, chunk(n, url=f"https://example.com/{n}/{'x' * url_length}"))
        for n in range(1, count + 1)
    )
    return tuple(build_answer_tail(answer(citations=cited), AnswerContext(answer_id="a" * 32)))


def list_all_plainer(part: MessagePart) -> list[list[MessagePart]]:
    """The messages of each form, from the whole to the plainest."""
    forms, parts = [[part]], [part]
    while plainer := [new for each in parts for new in list_plainer(each, is_too_long=False)]:
        forms.append(plainer)
        parts = plainer
    return forms


@pytest.mark.parametrize("length", [10, 9_000, 11_400, 30_000])
@pytest.mark.parametrize(("count", "url_length"), [(0, 0), (2, 30), (5, 640), (30, 1_900)])
def test_no_message_is_over_the_limit_and_nothing_is_lost(length: int, count: int, url_length: int):
    text = (WORDS * (length // len(WORDS) + 1))[:length].strip()
    tail = tail_of(count, url_length)
    parts = build_parts(text, tail)
    for part in parts:
        blocks = [block.to_dict() for block in part.build_blocks()]
        check_blocks(blocks)
        assert measure_blocks(part.build_blocks()) <= MESSAGE_LIMIT
        assert count_characters(blocks) < ALL_BLOCKS
    assert " ".join(part.text for part in parts).split() == text.split()
    assert [block for part in parts for block in part.tail] == list(tail)


def test_an_ordinary_answer_is_one_message():
    tail = tail_of(5)
    assert build_parts(WORDS * 200, tail) == [MessagePart(WORDS * 200, tail)]


def test_a_tail_that_does_not_fit_below_the_text_stands_alone():
    first, second = build_parts(WORDS * 260, tail_of(5, 640))
    assert (bool(first.text), first.tail) == (True, ())
    assert (second.text, second.tail) == ("", tail_of(5, 640))
    assert second.render_text().startswith("Sources")


@pytest.mark.parametrize("code_of_length", [True, False])
def test_each_form_is_plainer_and_the_last_has_no_blocks(code_of_length: bool):
    part = MessagePart(f"Ports:\n\n{TABLE}\n\nMore:\n\n{TABLE}\n", tail_of(2))
    if code_of_length:
        text, tail = list_plainer(part, is_too_long=True)
        assert (text.tail, tail.text) == ((), "")
    forms = list_all_plainer(part)
    kinds = [{b.type for p in parts for b in p.build_blocks()} for parts in forms]
    assert len(forms[1]) == 2
    assert "markdown" in kinds[0]
    assert kinds[-1] == set()
    assert all(len(each.render_text()) <= TEXT_LIMIT for each in forms[-1])
    last = "\n".join(each.render_text() for each in forms[-1])
    assert "19530" in last
    assert "<https://example.com/2/" in last


def test_the_buttons_outlast_the_markdown_block():
    part = MessagePart("Text.", tail_of(1))
    [sections] = list_plainer(part, is_too_long=False)
    assert {b.type for b in sections.build_blocks()} >= {"section", "actions", "context_actions"}
    [without] = list_plainer(sections, is_too_long=False)
    assert not {b.type for b in without.build_blocks()} & {"actions", "context_actions"}
    [text] = list_plainer(without, is_too_long=False)
    assert text.build_blocks() == []
    assert list_plainer(text, is_too_long=False) == []


def test_a_tail_that_is_too_long_keeps_its_buttons():
    parts = list_plainer(MessagePart(tail=tail_of(3)), is_too_long=True)
    assert [b for part in parts for b in part.tail] == list(tail_of(3))
    assert len(parts) == 2


@given(st.text(min_size=1).filter(str.strip))
def test_every_text_has_a_last_form(text: str):
    """Slack may refuse all the others."""
    for part in build_parts(text):
        forms = list_all_plainer(part)
        assert all(each.form == "text" for each in forms[-1]) or not part.render_text().strip()


def test_a_note_stands_above_the_text_or_before_it():
    assert add_note([MessagePart("Text.")], "Why.")[0].text == "Why.\n\nText."
    long = MessagePart("x" * splitting.MARKDOWN_LIMIT)
    assert add_note([long], "Why.") == [MessagePart("Why."), long]
    assert add_note([], "Why.") == [MessagePart("Why.")]


def test_a_table_that_is_longer_as_lines_is_divided():
    rows = "".join(f"| p{n} | v{n} |\n" for n in range(700))
    text = f"| Name of the parameter | Description |\n|---|---|\n{rows}"
    assert len(text) <= splitting.MARKDOWN_LIMIT
    for parts in list_all_plainer(MessagePart(text, tail_of(2))):
        assert all(part.fits for part in parts)
        assert all(f"v{n}" in " ".join(part.text for part in parts) for n in range(700))


def test_a_block_that_slack_sdk_refuses_does_not_fit():
    block = SectionBlock(text=MarkdownTextObject(text="x" * 3_001))
    assert not MessagePart("text", (block,)).fits
    assert [part.text for part in build_parts("text", [block])] == ["text", ""]
