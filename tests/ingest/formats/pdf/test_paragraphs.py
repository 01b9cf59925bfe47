from __future__ import annotations

import pytest

from ingest.formats.pdf.paragraphs import HyphenJudge
from tests.ingest.formats.pdf.samples import put, put_lines, write_pdf
from tests.ingest.formats.reading import blocks, read


@pytest.mark.parametrize(
    ("elsewhere", "text", "line", "joined"),
    [
        ("", "in a min-", "ute", "in a minute"),
        ("the command-line tool", "a command-", "line tool", "a command-line tool"),
        ("the commandline tool", "a command-", "line tool", "a commandline tool"),
        ("the command and its lines", "a command-", "lines tool", "a command-lines tool"),
        ("", "the Kon-", "Tiki", "the Kon- Tiki"),
        ("", "one -", "two", "one - two"),
        ("", "pages 3-", "9 and", "pages 3- 9 and"),
    ],
)
def test_hyphens_at_the_end_of_lines(elsewhere: str, text: str, line: str, joined: str):
    assert HyphenJudge([elsewhere]).join(text, line) == joined


def test_paragraphs_are_told_by_the_space_between_them():
    long = "This is a line that is as long as the column is wide and a bit"
    document = read(write_pdf([put_lines([long, long]), put_lines([long, long], top=640)]), "a.pdf")
    assert [block.text for block in blocks(document)] == [f"{long} {long}", f"{long} {long}"]


def test_ligatures_are_letters():
    (block,) = blocks(read(write_pdf([put([(72, 700, "An ef\x01cient way")])]), "a.pdf"))
    assert block.text == "An efficient way"
