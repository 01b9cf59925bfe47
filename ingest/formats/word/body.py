"""The body of a Word document, changed into what mammoth shows to the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring
from zipfile import ZipFile

from ingest.documents import PageError
from ingest.formats.word.formulas import render_formula
from ingest.formats.word.numbering import Numbering

NUMBER = "\ue000{}\ue001"
"""Mark before the text of a numbered paragraph, since mammoth numbers each list from 1."""

_PARTS = re.compile(r"word/(?:document\d*|footnotes|endnotes)\.xml")
_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_STRICT_MATH = "http://purl.oclc.org/ooxml/officeDocument/math"
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def prepare_word(data: bytes) -> BytesIO:
    """Return a Word document whose formulas and numbers are text.

    Raises:
        PageError: its XML declares entities, which no Word document does.
    """
    prepared = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(prepared, "w") as new:
        names = [name for name in old.namelist() if name.endswith((".xml", ".rels"))]
        numbering = Numbering(*(_read(old, f"word/{part}.xml") for part in ("numbering", "styles")))
        for name in names:
            content = old.read(name)
            if _PARTS.fullmatch(name):
                root = _parse(content)
                _Body(root, numbering).prepare()
                content = tostring(root, encoding="utf-8", xml_declaration=True)
            new.writestr(name, content)
    return prepared


def _read(archive: ZipFile, name: str) -> Element | None:
    return _parse(archive.read(name)) if name in archive.namelist() else None


def _parse(content: bytes) -> Element:
    if _DECLARATION.search(content):
        raise PageError("can't be read as a Word document (its XML declares entities)")
    return fromstring(content)  # noqa: S314  (without entities, nothing grows)


class _Body:
    """The tree of a part of a document, whose namespace may be that of either standard."""

    def __init__(self, root: Element, numbering: Numbering) -> None:
        self._root = root
        self._numbering = numbering
        self._namespace = root.tag.rpartition("}")[0] + "}"

    def prepare(self) -> None:
        """Change the tree in place."""
        for parent in list(self._root.iter()):
            children = [self._replace_child(child) for child in parent]
            if any(new is not None for new in children):
                parent[:] = [
                    each
                    for child, new in zip(list(parent), children, strict=True)
                    for each in ([child] if new is None else new)
                ]
        for row in list(self._root.iter(f"{self._namespace}tr")):
            self._fill_row(row)
        for paragraph in self._root.iter(f"{self._namespace}p"):
            number = self._numbering.count_paragraph(paragraph)
            if number:
                paragraph.insert(self._find_text(paragraph), self._build_run(NUMBER.format(number)))

    def _replace_child(self, child: Element) -> list[Element] | None:
        """Return what stands for an element; None if it stays."""
        name = _get_name(child)
        if name in {"AlternateContent", "drawing"} and (boxes := list(_iterate_boxes(child))):
            picture = Element(f"{self._namespace}pict")
            picture.extend(boxes)
            return [picture]
        if name == "oMathPara" and _is_math(child):
            formulas = [each for each in child if _get_name(each) == "oMath"]
            return [self._build_formula(each, "$$") for each in formulas]
        if name == "oMath" and _is_math(child):
            return [self._build_formula(child, "$")]
        return [] if name == "r" and self._is_hidden(child) else None

    def _build_formula(self, formula: Element, mark: str) -> Element:
        latex = render_formula(formula)
        return self._build_run(f"{mark}{latex}{mark}" if latex else "")

    def _build_run(self, text: str) -> Element:
        run = Element(f"{self._namespace}r")
        SubElement(run, f"{self._namespace}t").text = text
        return run

    def _is_hidden(self, run: Element) -> bool:
        hidden = run.find(f"{self._namespace}rPr/{self._namespace}vanish")
        return hidden is not None and hidden.get(f"{self._namespace}val") not in {"0", "false"}

    def _fill_row(self, row: Element) -> None:
        """Add the empty cells that a row leaves out at its beginning."""
        skipped = row.find(f"{self._namespace}trPr/{self._namespace}gridBefore")
        count = skipped.get(f"{self._namespace}val", "") if skipped is not None else ""
        if re.fullmatch(r"[1-9][0-9]?", count):
            first = next((n for n, cell in enumerate(row) if _get_name(cell) == "tc"), len(row))
            for _ in range(int(count)):
                cell = Element(f"{self._namespace}tc")
                SubElement(cell, f"{self._namespace}p")
                row.insert(first, cell)

    def _find_text(self, paragraph: Element) -> int:
        """Return the place behind the properties of a paragraph."""
        return int(len(paragraph) > 0 and _get_name(paragraph[0]) == "pPr")


def _get_name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _is_math(element: Element) -> bool:
    return element.tag.startswith((f"{{{_MATH}}}", f"{{{_STRICT_MATH}}}"))


def _iterate_boxes(element: Element) -> Iterator[Element]:
    """Yield the text boxes of a drawing; its older form repeats them."""
    for child in element:
        if _get_name(child) == "txbxContent":
            yield child
        elif not (_get_name(child) == "Fallback" and len(element) > 1 and _has_box(element[0])):
            yield from _iterate_boxes(child)


def _has_box(element: Element) -> bool:
    return any(_get_name(child) == "txbxContent" for child in element.iter())
