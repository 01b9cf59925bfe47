from __future__ import annotations

import pytest

from ingest.documents import PageError
from ingest.formats.asciidoc import tables
from tests.ingest.formats.reading import read, text


def shown(content: str) -> list[str]:
    lines = text(read(content, "a.adoc")).split("\n")
    return [line for line in lines if set(line) - set("| -")]


CASES = {
    "a head by its blank line": ("|===\n|A |B\n\n|1 |2\n|===", ["| A | B |", "| 1 | 2 |"]),
    "columns": ('[cols="2*"]\n|===\n|A\n|B\n|1\n|2\n|===', ["| A | B |", "| 1 | 2 |"]),
    "cells over columns": ("|===\n|A |B\n\n2+|both\n|===", ["| A | B |", "| both | |"]),
    "cells over rows": (
        "|===\n|P |R |M\n\n.2+|Free |EU |1\n|US |2\n|Pro |EU |9\n|===",
        ["| P | R | M |", "| Free | EU | 1 |", "| Free | US | 2 |", "| Pro | EU | 9 |"],
    ),
    "repeated cells": ("|===\n|A |B\n\n2*|x\n|===", ["| A | B |", "| x | x |"]),
    "blocks in cells": (
        '[cols="1,1a"]\n|===\n|A |B\n\n|1\n|x\n\ny\n|===',
        ["| A | B |", "| 1 | x y |"],
    ),
    "marks in cells": (
        "|===\n|A\n\nm|x\n|*y* \\| z\n|===",
        ["| A |", "| `x` |", "| **y** \\| z |"],
    ),
    "CSV": ('[format=csv]\n|===\na,"b, c"\n1,2\n|===', ["| a | b, c |", "| 1 | 2 |"]),
    "CSV in short": (",===\na,b\n1,2\n,===", ["| a | b |", "| 1 | 2 |"]),
    "DSV": (":===\na:b\\:c\n1:2\n:===", ["| a | b:c |", "| 1 | 2 |"]),
    "another sign": ("[separator=!]\n|===\n!a !b|c\n!1 !2\n|===", ["| a | b\\|c |", "| 1 | 2 |"]),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_a_table(content: str, expected: list[str]):
    assert shown(content) == expected


def test_the_limit(monkeypatch):
    monkeypatch.setattr(tables, "MAX_CELLS", 10)
    with pytest.raises(PageError, match="a table of more than 10 cells"):
        shown("|===\n99999*|a\n|===")
