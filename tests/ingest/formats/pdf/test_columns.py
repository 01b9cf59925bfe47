from __future__ import annotations

from tests.ingest.formats.pdf.samples import put, put_lines, write_pdf
from tests.ingest.formats.reading import blocks, read

LEFT = [f"The left column says in line {n} what is first," for n in range(12)]
RIGHT = [f"and the right column goes on in line {n} so." for n in range(12)]


def read_text(*pieces: bytes) -> str:
    return " ".join(block.text for block in blocks(read(write_pdf(pieces), "a.pdf")))


def test_one_column_is_read_before_the_next():
    text = read_text(put_lines(LEFT, left=60), put_lines(RIGHT, left=320))
    assert text == " ".join(LEFT + RIGHT)


def test_columns_below_a_title_that_reaches_over_both():
    title = "A title of the whole page that reaches from the one side of it to the other side"
    text = read_text(put([(60, 740, title)]), put_lines(LEFT, left=60), put_lines(RIGHT, left=320))
    assert text == " ".join([title, *LEFT, *RIGHT])


def test_three_columns_one_of_which_is_short():
    first = [f"One {n} is a line" for n in range(20)]
    second = [f"Two {n} is a line" for n in range(20)]
    third = [f"Three {n} is a line" for n in range(8)]
    text = read_text(
        put_lines(first, left=40), put_lines(second, left=230), put_lines(third, left=420)
    )
    assert text == " ".join(first + second + third)


def test_prose_that_was_written_across_its_columns():
    rows = [(x, 700 - 12 * n, lines[n]) for n in range(12)
            for x, lines in ((60, LEFT), (300, RIGHT))]  # fmt: skip
    assert read_text(put(rows)) == " ".join(LEFT + RIGHT)


def test_what_stands_in_another_order_in_the_file_is_read_from_top_to_bottom():
    lines = [f"Line {n} of a page that was written from its end." for n in range(6)]
    places = [(72.0, 700.0 - 12 * n, line) for n, line in enumerate(lines)]
    assert read_text(put(reversed(places))) == " ".join(lines)
