"""References and footnotes are resolved where they are cited."""

from __future__ import annotations

import pytest

from tests.ingest.formats.reading import blocks, read, text

DEFINITIONS = """

# Later

[plan]: https://x.org/plan "The plan"
[restore]: restore.md
[Two
words]: <https://x.org/b b>
[unused]: https://x.org/unused
"""


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("[the plan][plan]", "[the plan](https://x.org/plan)"),
        ("[the `p]` plan][PLAN]", "[the `p]` plan](https://x.org/plan)"),
        ("[restore][]", "[restore](https://example.com/docs/restore)"),
        ("[it](<my file.md#x>)", "[it](https://example.com/docs/my%20file#x)"),
        ("[Plan], then", "[Plan](https://x.org/plan), then"),
        ("![a picture][plan]", "![a picture](https://x.org/plan)"),
        (
            "[![logo][plan]][restore]",
            "[![logo](https://x.org/plan)](https://example.com/docs/restore)",
        ),
        ("[two  words]", "[two  words](https://x.org/b%20b)"),
        ("**[plan]**", "**[plan](https://x.org/plan)**"),
        ("| [plan] | b |\n|---|---|", "| [plan](https://x.org/plan) | b |\n|---|---|"),
        ("> [plan]\n> b", "> [plan](https://x.org/plan)\n> b"),
        ("- a\n\n  [plan]", "- a\n\n  [plan](https://x.org/plan)"),
        ("[no][nothing] and \\[plan] and `[plan]`", "[no][nothing] and \\[plan] and `[plan]`"),
        ("- [ ] [plan]", "- [ ] [plan](https://x.org/plan)"),
    ],
)
def test_references(page: str, shown: str):
    document = read(page + DEFINITIONS)
    assert text(document) == shown
    assert [section.headings for section in document.sections[1:]] == [("Later",)]


def test_definitions_inside_of_a_list_show_nothing():
    (block,) = blocks(read("- [a] is\n\n  [a]: https://x.org\n"))
    assert block.text == "- [a](https://x.org) is"


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("A[^1].\n\n[^1]: The note.", "A (The note.)."),
        ("A [^1] b.\n\n[^1]: The\n    *note*\n\n    goes on.", "A (The *note* goes on.) b."),
        ("A[^1].\n\n[^1]: See [x][y].\n\n[y]: https://x.org", "A (See [x](https://x.org).)."),
        ("| a[^1] |\n|---|\n\n[^1]: b | c", "| a (b \\| c) |\n|---|"),
        ("A[^none].\n\n[^unused]: Text.", "A[^none]."),
        ("HTML and HTML.\n\n*[HTML]: Hyper Text", "HTML (Hyper Text) and HTML."),
    ],
)
def test_notes_stand_where_they_are_cited(page: str, shown: str):
    assert text(read(page)) == shown


def test_a_reference_to_a_program_is_its_text():
    page = "[Press][demo] or [load][data].\n\n[demo]: javascript:f()\n[data]: data:text/plain,a\n"
    (block,) = blocks(read(page))
    assert block.text == "Press or load."
