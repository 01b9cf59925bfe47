"""Tables of parameters and properties; a column that no row needs is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ingest.documents import Block
from ingest.formats.openapi.schemas import Property
from ingest.formats.structure import build_table_block
from ingest.formats.tables import Cell, flatten_cell, render_table

_HEADS = ("Name", "In", "Type", "Required", "Default", "Values", "Description")
_OPTIONAL = {"In", "Default", "Values", "Description"}

RenderCell = Callable[[str], str]
"""Returns Markdown as it may stand in a cell."""


def build_property_table(
    rows: Sequence[Property], places: Sequence[str], render_cell: RenderCell
) -> Block:
    """Build the table of properties or parameters.

    Args:
        rows: the properties, at least one.
        places: where each parameter is sent, such as `query`; empty for properties.
        render_cell: renders descriptions.

    Returns:
        the block of the table.
    """
    lines = [
        (
            f"`{row.name}`" if "`" not in row.name else row.name,
            place,
            row.type,
            "yes" if row.is_required else "no",
            row.default,
            row.values,
            render_cell(row.description),
        )
        for row, place in zip(rows, places or [""] * len(rows), strict=True)
    ]
    kept = [
        number
        for number, head in enumerate(_HEADS)
        if head not in _OPTIONAL or any(line[number] for line in lines)
    ]
    table = [_HEADS, *lines]
    cells = [[Cell(flatten_cell(line[number])) for number in kept] for line in table]
    return build_table_block(render_table(cells, heads=1))
