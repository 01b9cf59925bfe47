from __future__ import annotations

import pytest

from ingest.documents import PageError
from ingest.formats.pdf import reader as pdf_module
from tests.ingest.formats.pdf.samples import PICTURE, put, put_lines, write_pdf
from tests.ingest.formats.reading import blocks, read
from tests.ingest.formats.samples import pdf


def test_sections_are_bookmarks_and_open_at_their_page():
    document = read(
        pdf(
            [
                "Acme handbook",
                "1 Install",
                "Acme is installed with pip, and it takes no more",
                "than a min-",
                "ute.",
                "Then start it.",
            ],
            ["It listens on port 8080.", "1.1 Options", "- one", "- two", "2 Backups"],
            ["Every night."],
            bookmarks=[("Install", 0, 0), ("Options", 1, 1), ("Backups", 1, 0)],
            title="The Acme handbook",
        ),
        "acme.pdf",
    )
    assert document.title == "The Acme handbook"
    assert [(s.headings, s.anchor, [b.text for b in s.blocks]) for s in document.sections] == [
        ((), "page=1", ["Acme handbook"]),
        (
            ("Install",),
            "page=1",
            [
                "1 Install Acme is installed with pip, and it takes no more than a minute.",
                "Then start it.",
            ],
        ),
        (("Install",), "page=2", ["It listens on port 8080."]),
        (("Install", "Options"), "page=2", ["1.1 Options", "- one", "- two"]),
        (("Backups",), "page=2", ["2 Backups"]),
        (("Backups",), "page=3", ["Every night."]),
    ]


def test_what_stands_on_every_page_is_dropped():
    pages = [["Acme 2.0", f"Only here: {word}.", f"Page {n} of 4"] for n, word in enumerate("abcd")]
    found = [block.text for block in blocks(read(pdf(*pages), "a.pdf"))]
    assert found == [f"Only here: {word}." for word in "abcd"]


@pytest.mark.parametrize(
    ("title", "bookmarks", "shown"),
    [
        ("Manual", [("First", 0, 0)], "Manual"),
        ("Microsoft Word - draft7.doc", [("First", 0, 0)], "First"),
        ("manual_final.indd", [], "acme"),
        ("", [], "acme"),
    ],
)
def test_title(title: str, bookmarks: list[tuple[str, int, int]], shown: str):
    assert read(pdf(["Text."], title=title, bookmarks=bookmarks), "acme.pdf").title == shown


def test_a_password_of_the_owner_alone_hides_nothing():
    assert blocks(read(pdf(["Open text."], password=""), "a.pdf"))[0].text == "Open text."


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf(["Hidden."], password="swordfish"), "is encrypted"),
        (pdf([], []), "has no text that can be read; perhaps it was scanned"),
        (b"%PDF-1.7\nbroken", "can't be read as a PDF"),
        (b"no pdf", "can't be read as a PDF"),
        (b"", "can't be read as a PDF"),
    ],
)
def test_why_a_pdf_is_left_out(data: bytes, reason: str):
    with pytest.raises(PageError, match=reason):
        read(data, "a.pdf")


def test_a_pdf_that_is_too_long(monkeypatch):
    monkeypatch.setattr(pdf_module, "MAX_PAGES", 1)
    with pytest.raises(PageError, match="has more than 1 pages"):
        read(pdf(["a"], ["b"]), "a.pdf")


def test_a_font_without_a_table_of_characters_is_a_note():
    odd = put([(72, 600, "".join(f"{n:04x}" for n in range(3, 30)))], font="U")
    document = read(write_pdf([put_lines(["Text."])], [put_lines(["More."]), odd]), "a.pdf")
    assert [block.text for block in blocks(document)] == ["Text.", "More."]
    assert document.notes == (
        "page 2 has a font without a table of characters; its text is left out",
    )


def test_a_scanned_page_among_others_is_a_note():
    document = read(write_pdf([put_lines(["Text."])], [PICTURE], [], [PICTURE]), "a.pdf")
    assert document.notes == ("pages 2, 4 have no text that can be read; perhaps scanned",)


def test_only_fonts_without_a_table_are_no_scan():
    odd = put([(72, 600, "".join(f"{n:04x}" for n in range(3, 30)))], font="U")
    with pytest.raises(PageError, match="has a font without a table of characters"):
        read(write_pdf([odd]), "a.pdf")


def test_the_title_is_the_largest_line_of_the_first_page():
    cover = put([(72, 700, "The Acme handbook")], size=30)
    assert (
        read(write_pdf([cover], [put_lines(["Text."] * 9)]), "a.pdf").title == "The Acme handbook"
    )


def test_pages_in_words():
    assert pdf_module.format_pages([3]) == "page 3"
    assert pdf_module.format_pages([3, 4, 5, 9, 11, 12]) == "pages 3-5, 9, 11-12"
