"""PowerPoint presentations (.pptx), read by python-pptx: each slide is a section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from io import BytesIO
from itertools import pairwise
from typing import Any
from zipfile import BadZipFile

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.html import convert_html_page
from ingest.formats.office.package import check_package
from ingest.formats.structure import build_converted_document

MAX_SHAPES = 50_000
"""Most shapes of a presentation; a thousand slides have some ten thousand."""

MAX_CHART_VALUES = 1_000
"""Most values of a chart that are read."""

_MAX_NESTED = 50
_FURNITURE = {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER}


def read_pptx(page: Page) -> Document:
    """Read a PowerPoint presentation.

    Its title is that of the first slide, else the file's name. Hidden slides are left out, and so
    are dates, footers and numbers of slides. The speaker's notes follow the slide.

    Raises:
        PageError: the page is not a presentation, or has more than docent reads.
    """
    errors = (BadZipFile, PythonPptxError, SyntaxError)
    with translate_parser_errors("a PowerPoint presentation", *errors):
        check_package(page.data)
        slides = Presentation(BytesIO(page.data)).slides
        reader = _SlideReader()
        html = "\n".join(
            reader.render(slide, number)
            for number, slide in enumerate(slides, 1)
            if slide.element.get("show") not in {"0", "false"}
        )
    return build_converted_document(page, convert_html_page(html, anchors=False)[1])


class _SlideReader:
    """Renders the slides of a presentation as HTML, and counts their shapes."""

    def __init__(self) -> None:
        self._shapes = 0

    def render(self, slide: Any, number: int) -> str:
        """Return a slide as HTML, with its title as the heading."""
        title = slide.shapes.title
        parts = [
            html
            for shape in slide.shapes
            if title is None or shape.shape_id != title.shape_id
            for html in self._render_shape(shape, 0)
        ]
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame):
            parts += _render_notes(frame)
        name = _read_line(title.text_frame.text) if title is not None else ""
        if not name and not parts:
            return ""
        return f"<h1>{escape(name or f'Slide {number}')}</h1>\n" + "\n".join(parts)

    def _render_shape(self, shape: Any, depth: int) -> Iterator[str]:
        self._shapes += 1
        if self._shapes > MAX_SHAPES:
            raise PageError(f"has more than {MAX_SHAPES:,} shapes")
        if depth > _MAX_NESTED:
            raise PageError("is nested too deeply")
        if shape.is_placeholder and shape.placeholder_format.type in _FURNITURE:
            return
        if hasattr(shape, "shapes"):  # a group
            for inner in shape.shapes:
                yield from self._render_shape(inner, depth + 1)
        elif getattr(shape, "has_table", False):
            yield _render_table(shape.table)
        elif getattr(shape, "has_chart", False):
            yield from _render_chart(shape.chart)
        elif shape.has_text_frame:
            yield _render_paragraphs(shape.text_frame.paragraphs)


def _render_notes(frame: Any) -> list[str]:
    paragraphs = [_render_runs(each) for each in frame.paragraphs]
    texts = [text for text in paragraphs if text]
    return [f"<p>Notes: {texts[0]}</p>", *(f"<p>{text}</p>" for text in texts[1:])] if texts else []


def _render_paragraphs(paragraphs: Iterable[Any]) -> str:
    """Return one paragraph as such, and several as a list."""
    lines = [(each.level, text) for each in paragraphs if (text := _render_runs(each))]
    if len(lines) == 1:
        return f"<p>{lines[0][1]}</p>"
    html, open_levels = "", [-1]
    for (level, text), (following, _) in pairwise([*lines, (-1, "")]):
        if level > open_levels[-1]:
            html += "<ul>"
            open_levels.append(level)
        html += f"<li>{text}"
        if following > level:
            continue
        html += "</li>"
        while following < open_levels[-1]:
            open_levels.pop()
            # A level that was never opened is read as the one above it.
            if following > open_levels[-1]:
                open_levels.append(following)
                break
            html += "</ul>" + ("</li>" if len(open_levels) > 1 else "")
    return html


def _render_runs(paragraph: Any) -> str:
    """Return the text of a paragraph with its links, as HTML."""
    linked = [run for run in paragraph.runs if run.hyperlink.address]
    if not linked:
        return escape(_read_line(paragraph.text))
    parts = []
    for run in paragraph.runs:
        text = escape(_flatten(run.text))
        address = run.hyperlink.address
        parts.append(f'<a href="{escape(address)}">{text}</a>' if address else text)
    return "".join(parts).strip()


def _render_table(table: Any) -> str:
    """Return a table as HTML.

    A cell that reaches over rows has its text in each of them.
    """
    rows: list[list[str]] = []
    reaching: dict[int, tuple[int, str]] = {}  # the last row of a cell and its text, by column
    for number, row in enumerate(table.rows):
        rows.append([])
        for column, cell in enumerate(row.cells):
            text = _read_line(cell.text)
            last, above = reaching.get(column, (-1, ""))
            if number <= last and cell.is_spanned:
                text = text or above
            elif cell.is_merge_origin:
                reaching[column] = (number + cell.span_height - 1, text)
            rows[-1].append(text)
    return _render_rows(rows)


def _render_chart(chart: Any) -> Iterator[str]:
    """Yield the title of a chart and its values as a table."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield f"<p>{escape(_read_line(chart.chart_title.text_frame.text))}</p>"
    for plot in chart.plots:
        names, series = list(plot.categories), list(plot.series)
        if not names or not series or len(names) * len(series) > MAX_CHART_VALUES:
            continue
        head = ["", *(str(each.name) for each in series)]
        columns = [list(each.values) for each in series]
        rows = [
            [str(name), *map(_format_number, values)]
            for name, *values in zip(names, *columns, strict=False)
        ]
        yield _render_rows([head, *rows])


def _render_rows(rows: Iterable[Iterable[str]]) -> str:
    lines = ("".join(f"<td>{escape(_read_line(cell))}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _format_number(value: float | None) -> str:
    return "" if value is None else format(value, ".15g")


def _flatten(text: str) -> str:
    return text.replace("\v", " ").replace("\n", " ").replace("\t", " ")


def _read_line(text: str) -> str:
    return " ".join(_flatten(text).split())
