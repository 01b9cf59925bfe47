"""Labels of sections, and the pages that are nearest."""

from dataclasses import replace

from bot.markup.sources import LABEL_LIMIT, Evidence, label_source, list_evidence, list_pages
from tests.bot.fakes import answer, chunk, citation


def test_a_section_is_named_by_its_headings_and_its_version():
    assert label_source(chunk()) == "Storage \u203a Where data lives"
    assert label_source(chunk(), "2.4") == "Storage \u203a Where data lives (2.4)"
    untitled = replace(chunk(), title="", headings=())
    assert label_source(untitled) == "en/page1.md"


def test_a_long_title_is_shortened():
    assert len(label_source(chunk(title="word " * 90))) <= LABEL_LIMIT


def test_each_page_is_listed_once_with_its_best_section():
    first, again, other = (citation(n, chunk(n)).passage for n in (1, 2, 3))
    again = replace(again, chunk=replace(again.chunk, url=first.chunk.url))
    assert list_pages([first, again, other]) == [first.chunk, other.chunk]


def test_evidence_is_cited_or_not_and_has_versions_that_differ():
    old, new = (citation(n, replace(chunk(n), version=f"2.{n}")) for n in (4, 5))
    given = replace(answer(citations=(new,)), passages=(old.passage, new.passage))
    cited, others = list_evidence(given)
    assert cited == [Evidence(new.passage, "[5] ", "2.5")]
    assert others == [Evidence(old.passage, version="2.4")]
