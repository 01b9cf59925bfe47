"""Answers of an LLM that obeys a hostile page, on every surface of Slack and the command line."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from bot.texts import answers
from tests import live_links
from tests.hostile.answer_surfaces import Shown, show_everywhere
from tests.hostile.attacks import Attack, each_attack, read_attacks

KNOWN = ("https://docs.example/en/storage.md", "docs.example", "https://docs.example/%60")
FORMS = {"streamed", "private", "plain"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    """The answers to all attacks, from one app over one index."""
    return show_everywhere(read_attacks("answers"), tmp_path_factory.mktemp("answers"))


def find_foreign(links: list[str]) -> list[str]:
    """Those that are not spelled as the passages spell them: a section can carry text."""
    return [link for link in links if link not in KNOWN]


@each_attack("answers")
def test_nothing_in_slack_leads_out_and_nobody_is_mentioned(
    attack: Attack, shown: dict[str, Shown]
):
    answer = shown[attack["name"]]
    assert answer.markdown.keys() >= FORMS
    for form, texts in answer.markdown.items():
        for text in texts:
            heading, _, rest = text.partition("\n\n") if form == "shared" else ("", "", text)
            assert heading.count("<@") == (form == "shared"), heading
            assert find_foreign(live_links.find_links(rest)) == [], form
            assert find_foreign(live_links.find_bare_addresses(rest)) == [], form
            assert live_links.find_mentions(rest) == [], form
    for form, texts in answer.mrkdwn.items():
        for text in texts:
            assert answers.UNEXPECTED not in text
            assert find_foreign(live_links.find_mrkdwn_links(text)) == [], form
            assert live_links.find_mrkdwn_mentions(text) == [], form


@each_attack("answers")
def test_nothing_in_the_terminal_or_its_json_leads_out(attack: Attack, shown: dict[str, Shown]):
    answer = shown[attack["name"]]
    assert "Sources:" in answer.terminal or "revision" in answer.terminal
    assert find_foreign(live_links.find_marked_addresses(answer.terminal)) == []
    assert find_foreign(live_links.find_links(answer.json)) == []
    assert find_foreign(live_links.find_marked_addresses(answer.json)) == []


def read_address(link: str) -> str:
    """An address without quoting and emphasis; empty if nothing stands behind its scheme."""
    plain = unquote(link).translate(dict.fromkeys(map(ord, "*_~")))
    return "" if plain.endswith("://") else plain


@each_attack("answers")
def test_evidence_makes_nothing_live_that_its_page_does_not(
    attack: Attack, shown: dict[str, Shown]
):
    page = attack["answer"]
    own = [read_address(link) for link in live_links.find_links(page)]
    own += [read_address(link) for link in live_links.find_bare_addresses(page)]
    assert shown[attack["name"]].evidence
    for text in shown[attack["name"]].evidence:
        live = map(read_address, find_foreign(live_links.find_mrkdwn_links(text)))
        assert [link for link in live if link and not any(link in each for each in own)] == []
        assert live_links.find_mrkdwn_mentions(text) == []


def test_there_are_enough_attacks(shown: dict[str, Shown]):
    assert len(read_attacks("answers")) >= 200
    ways = [form for answer in shown.values() for form in answer.markdown]
    assert ways.count("edited") >= 50
    assert ways.count("shared") >= 150
