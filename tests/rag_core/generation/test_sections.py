from __future__ import annotations

from itertools import pairwise

import pytest

from rag_core.generation.sections import Section, build_sections, clean_heading, find_section
from rag_core.types import Chunk
from tests.rag_core.fakes import make_chunk

HEAD = "| Name | Meaning |\n| --- | --- |"


def page(*chunks: tuple[tuple[str, ...], str], path: str = "a.md") -> list[Chunk]:
    """The chunks of a page, each with its headings."""
    return [
        make_chunk(text, path=path, title="Page", headings=headings, position=number)
        for number, (headings, text) in enumerate(chunks)
    ]


def joined(*texts: str) -> list[str]:
    """The blocks of one section that was divided into these chunks."""
    sections = build_sections(page(*((("Part",), text) for text in texts)))
    assert len(sections) == 1
    return [block.text for block in sections[0].blocks]


def test_chunks_under_one_heading_are_one_section_in_any_order():
    chunks = page((("A",), "One."), (("A",), "Two."), (("B",), "Three."), (("A",), "Four."))
    found = build_sections(reversed([*chunks, *chunks, *page((("A",), "Five."), path="b.md")]))
    assert [(s.page[1], s.label, [b.text for b in s.blocks]) for s in found] == [
        ("a.md", "A", ["One.", "Two."]),
        ("a.md", "B", ["Three."]),
        ("a.md", "A", ["Four."]),
        ("b.md", "A", ["Five."]),
    ]


def test_a_gap_between_chunks_divides_the_section():
    first, _, third = page((("A",), "One."), (("A",), "Two."), (("A",), "Three."))
    assert len(build_sections([first, third])) == 2


def test_what_was_divided_is_joined_again():
    assert joined(f"{HEAD}\n| a | one |", f"{HEAD}\n| b | two |") == [
        f"{HEAD}\n| a | one |\n| b | two |"
    ]
    assert joined(HEAD, "| a | one |", "| b | two |\n\nText.") == [
        f"{HEAD}\n| a | one |\n| b | two |",
        "Text.",
    ]
    assert joined("A sentence that goes", "on here.") == ["A sentence that goes on here."]
    assert joined("One.", "two.") == ["One.", "two."]
    sections = build_sections(page((("A",), "- One"), (("A",), "- Two")))
    assert [block.glue for block in sections[0].blocks] == ["\n\n", "\n"]


def test_half_a_table_is_left_out():
    assert joined("Text.\n\n" + HEAD) == ["Text."]
    assert joined("| a | one |\n| b | two |\n\nText.") == ["Text."]
    long = "\n".join(f"| a{n} | {'word ' * 20} |" for n in range(10))
    assert joined(f"{HEAD}\n{long}", f"{HEAD}\n{long}") == [f"{HEAD}\n{long}"] * 2


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Use it { #use-it }", "Use it"),
        ("Use it {: .class }", "Use it"),
        ("A {set} of", "A {set} of"),
        ("Use", "Use"),
    ],
)
def test_anchors_behind_headings_are_not_shown(heading: str, expected: str):
    assert clean_heading(heading) == expected


def test_the_label_is_the_heading_or_the_title():
    titled, bare = (Section(("docs", "a.md"), part, "Page", ()) for part in [("A", "B"), ()])
    assert (titled.label, bare.label) == ("B", "Page")
    assert titled.heading_path == "Page > A > B"


STEPS = page(
    (("Run", "1. Get"), "Get it."),
    (("Run", "2. Start"), "Start it."),
    (("Run", "3. Stop"), "Stop it."),
    (("Other",), "Other."),
)


def found(chunk: Chunk, *others: Chunk, limit: int = 500, chunks: list[Chunk] = STEPS) -> str:
    """The text of the section that is read for a chunk."""
    section = find_section(chunk, build_sections(chunks), [chunk, *others], limit=limit)
    assert section is not None
    return " ".join(block.text for block in section.blocks)


def test_a_section_is_read_alone():
    assert found(STEPS[1]) == "Start it."
    assert found(STEPS[1], STEPS[3], limit=20) == "Start it."


def test_parts_of_a_short_section_are_read_together_if_two_are_found():
    whole = "**1. Get** Get it. **2. Start** Start it. **3. Stop** Stop it."
    assert found(STEPS[1], STEPS[0]) == found(STEPS[0], STEPS[2]) == whole
    assert found(STEPS[1], STEPS[0], limit=20) == "Start it."


def test_a_section_that_only_leads_to_others_is_read_with_them():
    chunks = page((("A",), "There are two ways:"), (("A", "B"), "One."), (("C",), "Two."))
    assert found(chunks[0], chunks=chunks) == "There are two ways: **B** One."
    # The one below was found for itself.
    assert found(chunks[0], chunks[1], limit=10, chunks=chunks) == "There are two ways:"


def test_a_chunk_without_text_has_no_section():
    chunks = page((("A",), "---"), (("B",), "Text."))
    assert find_section(chunks[0], build_sections(chunks), chunks, limit=100) is None


def test_sections_keep_the_order_of_the_page():
    positions = [section.blocks[0].position for section in build_sections(STEPS)]
    assert all(first < second for first, second in pairwise(positions))
