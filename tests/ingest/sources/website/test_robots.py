from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from ingest.errors import SourceRefusedError
from ingest.sources.website.robots import MAX_PATTERNS, parse_robots

PATHS = ["/", "/a", "/a/b.html", "/b$", "/c?x=1"]


def list_allowed(rules: Protego) -> list[bool]:
    return [rules.can_fetch(f"https://host.test{path}", "docent") for path in PATHS]


LINES = st.sampled_from(
    [
        *("User-agent: *", "User-agent: docent", "user-agent : Doc*ent # ours", "User-agent: doc"),
        *("User-agent: other", "Useragent: docentbot", "user agent other", "User-agent:"),
        *("Disallow: /a", "Allow: /a/b", "Disallow: /*b", "Allow: /b$", "Disallow: /"),
        *("Crawl-delay: 3", "Sitemap: https://host.test/s.xml", "# a comment", "", "odd: x"),
        *("User-agent", "\ufeffUser-agent: *", "  User-agent: docent", "Disallow"),
    ]
)


@given(st.lists(LINES, max_size=14))
def test_docent_reads_the_rules_as_the_parser_does(lines: list[str]):
    text = "\n".join(lines)
    parsed, whole = parse_robots(text, "host.test"), Protego.parse(text)
    assert list_allowed(parsed) == list_allowed(whole)
    assert parsed.crawl_delay("docent") == whole.crawl_delay("docent")


def test_programs_without_number_share_their_rules():
    agents = "".join(f"User-agent: bot{n}\n" for n in range(20_000))
    rules = "".join(f"Disallow: /{n}\n" for n in range(10_000))
    parsed = parse_robots(agents + rules + "User-agent: *\nDisallow: /a\n", "host.test")
    assert len(vars(parsed)["_user_agents"]) == 2
    assert list_allowed(parsed) == [True, False, False, True, True]


def test_rules_with_wildcards_are_counted():
    rules = "".join(f"Disallow: /*{n}$\n" for n in range(MAX_PATTERNS))
    assert parse_robots(f"User-agent: *\n{rules}", "host.test").can_fetch("/a", "docent")
    with pytest.raises(SourceRefusedError, match=r"robots\.txt of host\.test has more than 2,000"):
        parse_robots(f"User-agent: *\n{rules}Disallow: /*x\n", "host.test")


@pytest.mark.parametrize(
    "line", ["# * * *", "Disallow: /a # * and $", "Sitemap: https://host.test/*.xml", "odd: *", "*"]
)
def test_what_is_no_rule_with_a_wildcard_is_not_counted(line: str):
    lines = f"{line}\n" * (MAX_PATTERNS + 1)
    parsed = parse_robots(f"User-agent: *\n{lines}Disallow: /c\n", "host.test")
    assert not parsed.can_fetch("https://host.test/c", "docent")


@pytest.mark.parametrize("field", ["Allow", "Disallow", "dissallow", "diasllow", "disallaw"])
def test_a_rule_is_counted_however_it_is_spelt(field: str):
    with pytest.raises(SourceRefusedError, match="has more than 2,000 rules"):
        parse_robots("User-agent: *\n" + f"  {field} /*x\n" * 2_001, "host.test")


def test_the_wildcards_of_others_are_not_counted():
    rules = "".join(f"Disallow: /*{n}$\n" for n in range(MAX_PATTERNS + 1))
    parsed = parse_robots(f"User-agent: other\n{rules}\nUser-agent: *\nAllow: /\n", "host.test")
    assert all(list_allowed(parsed))
