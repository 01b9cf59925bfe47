"""What stands below an answer."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.views import answer_blocks
from bot.types import AnswerContext
from rag_core.types import Scope
from tests import live_links
from tests.bot.fakes import LAST_SYNC, answer, chunk, citation


def shown(built: list) -> str:
    return "\n".join(str(block.to_dict()) for block in built)


def test_sources_are_numbered_as_cited_and_linked():
    text = shown(answer_blocks.build_sources([citation(2), citation(5)]))
    assert "[2] <https://example.com/page2#where|Storage \u203a Where data lives>" in text
    assert "[5] <https://example.com/page5#where|" in text


def test_without_citations_there_are_no_sources():
    assert answer_blocks.build_sources([]) == []


def test_sources_say_their_version_where_it_differs():
    old, new = (citation(n, replace(chunk(n), version=f"2.{n}")) for n in (4, 5))
    text = shown(answer_blocks.build_sources([old, new]))
    assert "Where data lives (2.4)>" in text
    assert "Where data lives (2.5)>" in text
    assert "(2.4)" not in shown(answer_blocks.build_sources([old, old]))
    nearest = shown(answer_blocks.build_nearest_pages([old.passage, new.passage]))
    assert "(2.4)>" in nearest
    assert "(2.5)>" in nearest


def test_a_source_without_a_web_address_is_named():
    text = shown(answer_blocks.build_sources([citation(1, chunk(url="en/page.md"))]))
    assert "[1] Storage \u203a Where data lives" in text


def test_titles_can_call_nobody():
    text = shown(answer_blocks.build_sources([citation(1, chunk(title="<!channel> & <@U1>"))]))
    assert "<!channel>" not in text
    assert "<@U1>" not in text


@given(st.lists(st.text(max_size=400), max_size=60))
def test_any_sources_are_blocks_that_slack_takes(titles: list[str]):
    cited = [citation(n, chunk(n, title=title)) for n, title in enumerate(titles, 1)]
    built = answer_blocks.build_answer_tail(answer(citations=tuple(cited)))
    assert len(built) <= 50
    assert all(block.to_dict() for block in built)


def test_the_footer_says_what_was_missing_and_which_revision():
    text = shown(
        answer_blocks.build_footer(answer(degraded=("no_llm", "rerank_failed")), AnswerContext())
    )
    assert "No language model" in text
    assert "search order" in text
    assert "`a1b2c3d`" in text


def test_the_footer_says_how_fresh_the_documentation_is_and_which_part_was_asked():
    scope = Scope(sources=("docs", "faq"), version="2.6", language="`en`")
    text = shown(answer_blocks.build_footer(answer(), AnswerContext(as_of=LAST_SYNC, scope=scope)))
    assert "docs read <!date^1772334000^{ago}|2026-03-01 03:00 UTC>" in text
    assert "version `2.6` · source `docs, faq` · language `'en'`" in text


def test_parts_of_the_question_without_an_answer_are_named():
    parts = ("How do I <!channel> it?", "And `why`?", "At https://evil.test/x or evil.com?")
    given = replace(answer(), unanswered=parts)
    text = shown(answer_blocks.build_answer_tail(given))
    assert "nothing about this part" in text
    assert "<!channel>" not in text
    assert "And 'why'?" in text
    assert "https://evil.test" not in text
    assert "evil.com" not in text
    assert "nothing about this part" not in shown(answer_blocks.build_answer_tail(answer()))


def test_not_found_names_each_near_page_once():
    same = (citation(1), citation(1), citation(2))
    text = shown(answer_blocks.build_answer_tail(answer("", citations=same, status="not_found")))
    assert text.count("page1#where") == 1
    assert text.index("page1#where") < text.index("page2#where")
    assert "[1]" not in text


def test_previews_are_short_and_plain():
    assert answer_blocks.render_preview("a <b>\n" + "word " * 100).startswith("a &lt;b&gt; word")
    assert len(answer_blocks.render_preview("word " * 1000)) <= answer_blocks.PREVIEW_LIMIT
    preview = answer_blocks.render_preview("`https://evil.test` evil.com me@evil.com " * 9)
    assert live_links.find_plain_addresses(preview) == []
