from __future__ import annotations

from tests.ingest.formats.pdf.samples import put, put_lines, write_pdf
from tests.ingest.formats.reading import read

TEXT = [f"This is line {n} of the text, and it is as long as others." for n in range(8)]


def test_headings_by_the_size_of_their_letters():
    pages = [
        [put([(72, 780, "The Acme handbook")], size=24), put([(72, 740, "Install")], size=16),
         put_lines(TEXT), put([(72, 580, "On Linux")], size=13), put_lines(TEXT, top=560)],
        [put([(72, 780, "Backups")], size=16), put_lines(TEXT)],
    ]  # fmt: skip
    document = read(write_pdf(*pages), "a.pdf")
    assert document.title == "The Acme handbook"
    assert [(section.headings, section.anchor) for section in document.sections] == [
        (("The Acme handbook", "Install"), "page=1"),
        (("The Acme handbook", "Install", "On Linux"), "page=1"),
        (("The Acme handbook", "Backups"), "page=2"),
    ]


def test_a_heading_without_text_is_not_lost():
    pages = [[put([(72, 780, "First"), (72, 720, "Second")], size=16), put_lines(TEXT)],
             [put([(72, 780, "Third")], size=16), put_lines(TEXT)]]  # fmt: skip
    document = read(write_pdf(*pages), "a.pdf")
    said = " ".join(title for section in document.sections for title in section.headings)
    assert all(word in said for word in ("First", "Second", "Third"))


def test_a_page_in_large_letters_has_no_headings():
    lines = [f"A slide says this in line {n}" for n in range(9)]
    document = read(
        write_pdf([put_lines(lines, size=11), put_lines(["small"], top=400, size=8)]), "a.pdf"
    )
    assert [section.headings for section in document.sections] == [()]
