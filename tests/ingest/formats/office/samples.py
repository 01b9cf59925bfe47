"""Small presentations and workbooks, as their programs would save them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from pptx import Presentation


def xlsx(sheets: Mapping[str, Sequence[Sequence[Any]]], *, change: Callable[[Any], object] = id):
    """A workbook of these sheets and rows; `change` may do more with it."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    change(workbook)
    return save(workbook)


def pptx(*slides: tuple[str, str], change: Callable[[Any], object] = id) -> bytes:
    """A presentation of these titles and texts; `change` may do more with it."""
    presentation = Presentation()
    for title, text in slides:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    change(presentation)
    return save(presentation)


def save(document: Any) -> bytes:
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def replace_part(data: bytes, name: str, content: str | bytes) -> bytes:
    """The file with other content in one of its parts."""
    file = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        for each in {*old.namelist(), name}:
            new.writestr(each, content if each == name else old.read(each))
    return file.getvalue()
