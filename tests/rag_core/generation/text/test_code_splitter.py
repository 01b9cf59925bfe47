from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag_core.generation.text.code_splitter import CodeSplitter

TOKENS = [
    "`",
    "```",
    "~~~",
    "\n",
    "\n\n",
    "    ",
    "  ",
    "- ",
    "1. ",
    "x[1]",
    "12",
    ".",
    "-",
    "\t",
    ">",
    "> ",
]


def split(*pieces: str) -> list[tuple[str, bool]]:
    """The parts, neighbours of one kind joined."""
    splitter = CodeSplitter()
    found: list[tuple[str, bool]] = []
    for piece, last in [*((piece, False) for piece in pieces), ("", True)]:
        for text, code in splitter.feed(piece, last=last):
            if found and found[-1][1] == code:
                found[-1] = (found[-1][0] + text, code)
            else:
                found.append((text, code))
    return found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `b` c", ["`b`"]),
        ("```py\nx\n\ny\n```\nz", ["```py\nx\n\ny\n```"]),
        ("So:\n\n    x\n    y\n\nz", ["x\n    y"]),
        ("    x\nz", ["x"]),
        ("1. a\n\n    b\n\n        c", ["c"]),
        ("- a\n    - b\n\n      c", []),
        ("a ` b\n\nc", []),
        ("a ` b\n- c ` d", []),
        ("a ` b\nc ` d", ["` b\nc `"]),
        ("a `` b ` c `` d", ["`` b ` c ``"]),
        (r"a \` b ` c ` d", ["` c `"]),
        ("a ~~~ b\n\nc", []),
        ("~~~\n```\n~~~~\nz `x`", ["~~~\n```\n~~~~", "`x`"]),
        ("```\nx\n``\n`````  \nz", ["```\nx\n``\n`````"]),
        ("```x``` y\nz", ["```x```"]),
        ("```\nx\n- ```\ny", ["```\nx\n- ```\ny"]),
        ("1. a\n   ```py\n   x\n   ```\n   b", ["```py\n   x\n   ```"]),
        ("a `" + "b" * 3_000 + "` c", []),
        ("a\n    b", []),
        # Behind a quotation's mark; what is open there ends with it.
        ("> ```sh\n> a\n>\n> b\n> ```\n> c", ["```sh\n> a\n>\n> b\n> ```"]),
        ("> a\n>\n> ~~~\n> b\n> ~~~\n\nc", ["~~~\n> b\n> ~~~"]),
        ("> - a\n>   ```\n>   b\n>   ```\n>   c", ["```\n>   b\n>   ```"]),
        ("> > ```\n> > a\n> > ```\n> b", ["```\n> > a\n> > ```"]),
        ("> ```\n> a\nb", ["```\n> a"]),
        ("> ```\n> a\n\n> b", ["```\n> a"]),
        ("> a:\n>\n>     b\n>     c\n>\n> d", ["b\n>     c"]),
        ("> a ` b\n>\n> c ` d", []),
        # What is no quotation's mark: in a block, and before a block of code.
        ("```\n> ```\na\n```\nb", ["```\n> ```\na\n```"]),
        ("So:\n\n    >>> a = `1\n    > ```\n\nb", [">>> a = `1\n    > ```"]),
    ],
)
def test_code_is_told_from_prose(text, code):
    assert [part for part, is_code in split(text) if is_code] == code


def test_a_long_block_in_a_quotation_is_code():
    code = "```bash\n" + "> echo $a_1$ <!here>\n" * 200 + "> ```"
    assert [part for part, is_code in split(f"> So:\n>\n> {code}\n>\n> $a$") if is_code] == [code]


@given(st.lists(st.sampled_from(TOKENS), max_size=20).map("".join) | st.text())
def test_a_text_in_pieces_is_divided_as_in_one_and_nothing_is_lost(text):
    assert split(*text) == split(text)
    assert "".join(part for part, _ in split(text)) == text


@given(st.lists(st.sampled_from(["`", "``", "~~~", "x", " ", "\n- ", "\n"]), max_size=20))
def test_stray_runs_leave_the_next_paragraph_prose(tokens):
    """Whatever was left open, but for a fence, is over at an empty line."""
    before = "a " + "".join(tokens)
    assume(not re.search(r"\n\s*(- *)*(```|~~~)", before))
    text, code = split(before + "\n\ny[99]")[-1]
    assert text.endswith("y[99]")
    assert not code
