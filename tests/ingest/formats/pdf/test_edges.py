from __future__ import annotations

from tests.ingest.formats.pdf.samples import put, put_lines, write_pdf
from tests.ingest.formats.reading import blocks, read

NAMES = ["Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot"]


def read_texts(*pages: list[bytes]) -> list[str]:
    return [block.text for block in blocks(read(write_pdf(*pages), "a.pdf"))]


def test_heads_of_left_and_right_pages_and_numbers_are_left_out():
    heads = [(72 + 300 * (n % 2), 800, "Handbook" if n % 2 else "Acme Ltd") for n in range(6)]
    pages = [
        [put([head, (290, 30, f"{n + 7}")]), put_lines([f"Text of {name}."])]
        for n, (head, name) in enumerate(zip(heads, NAMES, strict=True))
    ]
    assert read_texts(*pages) == [f"Text of {name}." for name in NAMES]


def test_numbers_in_small_roman_letters_are_left_out():
    numerals = ["i", "ii", "iii", "iv", "v", "vi"]
    pages = [[put_lines([f"Text of {name}."]), put([(290, 30, numeral)])]
             for name, numeral in zip(NAMES, numerals, strict=True)]  # fmt: skip
    assert read_texts(*pages) == [f"Text of {name}." for name in NAMES]


def test_first_lines_that_differ_stay():
    pages = [[put_lines([f"{name} begins here.", "It goes on."])] for name in NAMES]
    assert all(name in text for name, text in zip(NAMES, read_texts(*pages), strict=True))


def test_a_sentence_that_all_pages_have_in_another_place_stays():
    pages = [
        [put_lines([f"{name} is first.", "Ask the team.", f"{name} is last."], top=700 - 90 * n)]
        for n, name in enumerate(NAMES)
    ]
    assert sum("Ask the team." in text for text in read_texts(*pages)) == len(NAMES)


def test_two_pages_are_no_evidence():
    pages = [[put([(72, 800, "The handbook")]), put_lines([f"{name}."])] for name in NAMES[:2]]
    assert read_texts(*pages).count("The handbook") == 2
