from __future__ import annotations

import pytest

from ingest.formats.mdx.statements import is_statement, read_values


@pytest.mark.parametrize(
    "line",
    [
        "import a from 'b'",
        "import a, { b } from 'c'",
        "import {",
        "import * as a from 'b'",
        "import type { A } from 'b'",
        "import 'styles.css'",
        "import{a}from'b'",
        "export const a = 1",
        "export default function A() {",
        "export { a }",
        "export * from 'b'",
    ],
)
def test_statements(line: str):
    assert is_statement(line, 0)


@pytest.mark.parametrize(
    "line",
    ["import your data", "import data from a file", "export to CSV", "exports", "important"],
)
def test_prose(line: str):
    assert not is_statement(line, 0)


def test_values_of_constants():
    assert read_values(
        [
            "export const a = 'x', b = f()",
            "import c from 'd'\nexport const e: string = `${a} y`;\nexport const g = [1, {h: 'i'}]",
            "export const j = () => 'k'",
        ]
    ) == {"a": "x", "e": "x y", "g": [1.0, {"h": "i"}]}
