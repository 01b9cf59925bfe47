"""Jupyter notebooks: text, code, and the first lines that the code printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.markdown import build_markdown_document
from ingest.formats.structure import ParsedMarkdown, build_converted_parser, fence_code, list_nodes

_OUTPUT_LINES = 5
_OUTPUT_WIDTH = 200  # characters per line
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_REMOVED = {"remove-cell", "remove_cell", "hide-cell"}
_OBJECT = re.compile(
    r"\[?<(?:[\w.]+ object(?: at 0x[0-9a-fA-F]+)?|[\w.]+ at 0x[0-9a-fA-F]+|Figure size [^<>]+)>\]?"
)
"""The name of something that is not text, such as `<Figure size 640x480 with 1 Axes>`."""

_LANGUAGE = re.compile(r"[\w+#.-]{1,20}")


def read_notebook(page: Page) -> Document:
    """Read a notebook of nbformat 3 or 4.

    The format is described at https://nbformat.readthedocs.io.

    Raises:
        PageError: the page is not a notebook.
    """
    with translate_parser_errors("a notebook"):
        loaded = json.loads(page.text)
    if not isinstance(loaded, dict) or not isinstance(cells := _list_cells(loaded), list):
        raise PageError("is not a Jupyter notebook")
    language = _find_language(loaded)
    texts = [_render_cell(cell, language) for cell in cells if isinstance(cell, dict)]
    return build_markdown_document(page, "\n\n".join(filter(None, texts)))


def _list_cells(notebook: dict[str, Any]) -> object:
    """Return the cells; nbformat 3 has them in worksheets."""
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        return notebook.get("cells")
    return [cell for sheet in map(_to_dict, sheets) for cell in _to_list(sheet.get("cells"))]


def _find_language(notebook: dict[str, Any]) -> str:
    metadata = _to_dict(notebook.get("metadata"))
    kernel, info = _to_dict(metadata.get("kernelspec")), _to_dict(metadata.get("language_info"))
    name = str(kernel.get("language") or info.get("name") or "")
    return name.lower() if _LANGUAGE.fullmatch(name) else ""


def _render_cell(cell: dict[str, Any], language: str) -> str:
    source = _join_lines(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    if _REMOVED & set(map(str, _to_list(_to_dict(cell.get("metadata")).get("tags")))):
        return ""
    if kind == "markdown":
        return _close_fences(source)
    if kind == "heading":
        level = cell.get("level")
        marks = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
        return f"{marks} {' '.join(source.split())}"
    if kind != "code":
        return ""
    printed = fence_code("\n".join(_select_output_lines(_to_list(cell.get("outputs")))))
    return "\n\n".join(filter(None, (fence_code(source, language), printed)))


def _close_fences(source: str) -> str:
    """Close the fences that a cell leaves open."""
    parsed = ParsedMarkdown(source, build_converted_parser())
    list_nodes(parsed)
    return "\n".join(line for line in parsed.lines if line is not None)


def _select_output_lines(outputs: list[Any]) -> Iterator[str]:
    """Yield the first lines of text that a cell printed.

    Warnings and pictures say nothing to a reader.
    """
    lines = [line for output in map(_to_dict, outputs) for line in _extract_lines(output)]
    yield from (line[:_OUTPUT_WIDTH] for line in lines[:_OUTPUT_LINES])
    if len(lines) > _OUTPUT_LINES:
        yield "..."


def _extract_lines(output: dict[str, Any]) -> list[str]:
    if output.get("name", output.get("stream")) == "stderr":
        return []
    data = _to_dict(output.get("data"))
    text = _join_lines(output.get("text", data.get("text/plain")))
    if _OBJECT.fullmatch(text.strip()):
        text = _join_lines(data.get("text/markdown"))
    if output.get("output_type") in {"error", "pyerr"}:
        text = f"{output.get('ename')}: {output.get('evalue')}"
    return [line for line in _ANSI.sub("", text).splitlines() if line.strip()]


def _join_lines(source: object) -> str:
    """Return multi-line text, which is one string or a list of lines."""
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def _to_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _to_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
