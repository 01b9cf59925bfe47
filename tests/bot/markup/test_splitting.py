"""Markdown is split without breaking what belongs together."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.markup.splitting import split, split_rendered

LIMIT = 300

words = st.text(alphabet="abcdefg hijk.,*_`[]()<>|#-\n", max_size=200)
links = st.builds("[{}](https://example.com/{})".format, st.just("a page"), st.integers(0, 999))
paragraphs = st.lists(st.one_of(st.sampled_from(["word", "more words"]), links), max_size=60).map(
    " ".join
)
fences = st.lists(st.sampled_from(["x = 1", "    y = 2", "", "# no heading"]), max_size=60).map(
    lambda lines: "```python\n" + "\n".join(lines) + "\n```"
)
tables = st.integers(0, 40).map(
    lambda rows: "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | {n * n} |" for n in range(rows))
)
lists = st.integers(1, 40).map(lambda rows: "\n".join(f"- item {n}" for n in range(rows)))
documents = st.lists(st.one_of(paragraphs, fences, tables, lists), max_size=8).map("\n\n".join)


# Anything: each of these inside lists and quotations of any depth.
phrases = st.lists(
    st.one_of(
        st.sampled_from(
            ["word", "a_b", "`code x`", "**bold**", "x < y", "1.", "#", "-", "|", "$5"]
        ),
        links,
    ),
    min_size=1,
    max_size=40,
).map(" ".join)
prose = st.lists(phrases, min_size=1, max_size=3).map("\n".join)
rules = st.sampled_from(["---", "# Heading", "<div>\nhtml\n</div>"])


def in_list(items: list[str]) -> str:
    return "\n".join("- " + item.replace("\n", "\n  ") for item in items)


def in_quotation(blocks: list[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(blocks).split("\n"))


nested = st.recursive(
    st.one_of(prose, fences, tables, rules),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(in_list),
        st.lists(inner, min_size=1, max_size=3).map(in_quotation),
    ),
    max_leaves=5,
)
any_markdown = st.lists(nested, max_size=4).map("\n\n".join)
parser = MarkdownIt("commonmark").enable("table")


def code_lines(text: str) -> list[str]:
    """The lines of fenced code, as a Markdown parser finds them."""
    fenced = [token.content for token in parser.parse(text) if token.type == "fence"]
    return [line.strip() for content in fenced for line in content.splitlines() if line.strip()]


def targets(text: str) -> list[str]:
    """The targets of links, as a Markdown parser finds them."""
    inline = [child for token in parser.parse(text) for child in token.children or ()]
    return sorted(str(child.attrs["href"]) for child in inline if child.type == "link_open")


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(words)
def test_any_text_is_split_within_the_limit_and_nothing_is_lost(text: str):
    parts = split(text, 40)
    assert all(0 < len(part) <= 40 for part in parts)


@settings(max_examples=60)
@given(any_markdown)
def test_of_any_markdown_nothing_is_lost_and_no_fence_or_link_is_broken(text: str):
    parts = split(text, LIMIT)
    assert all(0 < len(part) <= LIMIT for part in parts)
    kept = iter(squeezed("".join(parts)))
    assert all(character in kept for character in squeezed(text))
    assert [line for part in parts for line in code_lines(part)] == code_lines(text)
    assert sorted(target for part in parts for target in targets(part)) == targets(text)


def test_what_stood_deep_in_a_list_is_no_code_in_a_part_of_its_own():
    text = "- - word\n  - ```\n    x = 1\n    ```\n\n    " + "word " * 60
    parts = split(text, LIMIT)
    assert len(parts) > 1
    assert not parts[-1].startswith(" ")


@given(documents)
def test_parts_keep_to_the_limit(text: str):
    assert all(0 < len(part) <= LIMIT for part in split(text, LIMIT))


@given(documents)
def test_fences_are_never_left_open(text: str):
    for part in split(text, LIMIT):
        assert part.count("```") % 2 == 0
        assert all(line in {"```python", "```"} for line in part.splitlines() if "```" in line)


@given(st.lists(fences, min_size=1, max_size=4).map("\n\n".join))
def test_no_line_of_code_is_lost(text: str):
    def code(document: str) -> list[str]:
        return [line for line in document.splitlines() if not line.startswith("```")]

    kept = [line for part in split(text, LIMIT) for line in code(part) if line]
    assert kept == [line for line in code(text) if line]


@given(st.lists(st.one_of(paragraphs, lists), max_size=8).map("\n\n".join))
def test_links_stay_whole_and_no_word_is_lost(text: str):
    parts = split(text, LIMIT)
    assert squeezed("".join(parts)) == squeezed(text)
    assert sum(len(re.findall(r"\[a page\]\(https://example.com/\d+\)", p)) for p in parts) == (
        text.count("[a page]")
    )


@given(tables)
def test_every_part_of_a_table_has_its_header(text: str):
    parts = split(text, LIMIT)
    assert all(part.startswith("| a | b |\n|---|---|") for part in parts)
    rows = [row for part in parts for row in part.splitlines()[2:]]
    assert rows == text.splitlines()[2:]


def test_a_text_that_fits_is_left_alone():
    assert split("one\n\ntwo") == ["one\n\ntwo"]
    assert split("  \n ") == []


def test_blocks_that_fit_are_not_cut():
    fence = "```\n" + "code\n" * 20 + "```"
    paragraph = "word " * 50
    assert split(f"{paragraph}\n\n{fence}", LIMIT) == [paragraph, fence]


def test_a_long_list_is_cut_between_items():
    item = "- " + "word " * 20
    parts = split("\n".join([item] * 6), LIMIT)
    assert all(part.startswith("- word") for part in parts)


def test_a_fence_in_a_list_keeps_its_fence():
    text = "- item\n\n  ```\n" + "  code\n" * 80 + "  ```\n- next"
    for part in split(text, LIMIT):
        assert part.count("```") % 2 == 0


def test_a_link_longer_than_the_limit_is_cut_all_the_same():
    parts = split("[x](https://example.com/" + "a" * 500 + ")", LIMIT)
    assert all(len(part) <= LIMIT for part in parts)


@given(documents, st.integers(1, 4))
def test_parts_that_grow_when_they_are_rendered_are_split_smaller(text: str, growth: int):
    parts = list(split_rendered(text, lambda part: part.strip() * growth, LIMIT))
    assert all(0 < len(part) <= LIMIT for part in parts)


def test_parts_of_which_nothing_is_shown_are_left_out():
    assert list(split_rendered("one\n\ntwo", lambda _: "", LIMIT)) == []
