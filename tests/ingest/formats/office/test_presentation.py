from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

from ingest.documents import Document, PageError
from ingest.formats.office import presentation
from tests.ingest.formats import reading
from tests.ingest.formats.office.samples import pptx, replace_part
from tests.ingest.formats.reading import blocks, outline, text


def read(data: bytes) -> Document:
    return reading.read(data, "deck.pptx")


def changed(change: Any, *slides: tuple[str, str]) -> Document:
    return read(pptx(*(slides or (("Title", ""),)), change=lambda deck: change(deck.slides[0])))


def test_slides_are_sections_with_their_titles():
    document = read(pptx(("Acme # mail", "Sends mail."), ("", "No title."), ("Plans", "")))
    assert document.title == "Acme # mail"
    assert outline(document) == [("Acme # mail", ""), ("Slide 2", ""), ("Plans", "")]
    assert text(document) == "Sends mail.\nNo title."


def test_levels_of_a_list():
    def change(slide: Any) -> None:
        frame = slide.placeholders[1].text_frame
        frame.text = "a"
        for line, level in [("b", 1), ("c", 2), ("d", 0), ("e", 2), ("f", 1), ("g", 0)]:
            paragraph = frame.add_paragraph()
            paragraph.text, paragraph.level = line, level

    assert text(changed(change)) == "- a\n  - b\n    - c\n- d\n  - e\n  - f\n- g"


@given(levels=st.lists(st.integers(0, 8), min_size=2, max_size=9))
def test_any_levels_keep_their_lines(levels: list[int]):
    def change(slide: Any) -> None:
        frame = slide.placeholders[1].text_frame
        frame.text = "w0"
        for number, level in enumerate(levels, 1):
            paragraph = frame.add_paragraph()
            paragraph.text, paragraph.level = f"w{number}", level

    words = [line.strip(" -") for line in text(changed(change)).split("\n")]
    assert words == [f"w{number}" for number in range(len(levels) + 1)]


def test_links_notes_and_breaks():
    def change(slide: Any) -> None:
        paragraph = slide.placeholders[1].text_frame.paragraphs[0]
        paragraph.add_run().text = "see "
        run = paragraph.add_run()
        run.text, run.hyperlink.address = "the docs", "https://example.com/a"
        slide.notes_slide.notes_text_frame.text = "Say <this>.\n\nThen\vthat."

    assert [block.text for block in blocks(changed(change))] == [
        "see [the docs](https://example.com/a)",
        "Notes: Say <this>.",
        "Then that.",
    ]


def test_shapes_in_groups():
    def change(slide: Any) -> None:
        inner = slide.shapes.add_group_shape().shapes.add_group_shape()
        inner.shapes.add_textbox(0, 0, 1, 1).text_frame.text = "within"

    assert text(changed(change)) == "within"


def test_tables_with_merged_cells():
    rows = [["Plan", "Region", "Mails"], ["Free", "EU", "100"], ["", "U|S", "200"]]

    def change(slide: Any) -> None:
        table = slide.shapes.add_table(3, 3, 0, 0, 9, 9).table
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                table.cell(number, column).text = cell
        table.cell(1, 0).merge(table.cell(2, 0))

    head = "| Plan | Region | Mails |\n| --- | --- | --- |"
    assert text(changed(change)) == f"{head}\n| Free | EU | 100 |\n| Free | U\\|S | 200 |"


def test_charts_are_tables():
    def change(slide: Any) -> None:
        data = CategoryChartData()
        data.categories = ["2025", "2026"]
        data.add_series("Mails", (1.5, None))
        chart = slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, 9, 9, data).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "Growth"

    assert text(changed(change)) == (
        "Growth\n| | Mails |\n| --- | --- |\n| 2025 | 1.5 |\n| 2026 | |"
    )


def test_hidden_slides_are_left_out():
    document = changed(lambda slide: slide.element.set("show", "0"), ("Old", "x"), ("New", "y"))
    assert outline(document) == [("New", "")]


def test_a_deck_of_nothing_has_its_files_name():
    assert read(pptx()).title == "deck"


def test_the_limit_of_shapes(monkeypatch):
    monkeypatch.setattr(presentation, "MAX_SHAPES", 1)
    with pytest.raises(PageError, match="has more than 1 shapes"):
        read(pptx(("a", "b"), ("c", "d")))


def test_groups_inside_groups_end():
    def change(slide: Any) -> None:
        group = slide.shapes.add_group_shape()
        for _ in range(60):
            group = group.shapes.add_group_shape()

    with pytest.raises(PageError, match="nested too deeply"):
        changed(change)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04broken"])
def test_what_is_no_presentation(data: bytes):
    with pytest.raises(PageError, match="can't be read as a PowerPoint presentation"):
        read(data)


def test_entities_are_not_expanded():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    content = f"<!DOCTYPE d [{laughs}]><p>&l11;</p>"
    with pytest.raises(PageError, match="can't be read as a PowerPoint presentation"):
        read(replace_part(pptx(("a", "b")), "ppt/slides/slide1.xml", content))
