from __future__ import annotations

import pytest

from ingest.formats import is_wanted
from ingest.loading.left_out import MOST_KINDS, LeftOutFiles
from ingest.sources import Source


def describe(*paths: str, **options: object) -> str:
    source = Source("docs", "docs", **options)  # type: ignore[arg-type]
    files = LeftOutFiles(source, is_wanted)
    assert [path for path in paths if files.check(path)] == [p for p in paths if is_wanted(p)]
    return files.describe()


def test_kinds_are_counted_the_most_frequent_first():
    paths = ["a.md", "flow.drawio", *(f"c/{n}.VUE" for n in range(8)), "a.csv", "b.csv"]
    assert describe(*paths) == (
        "11 files of kinds that docent doesn't read: 8 .vue, 2 .csv, 1 .drawio"
    )
    assert describe("a.doc") == "1 file of a kind that docent doesn't read: 1 .doc"


@pytest.mark.parametrize(
    "path",
    [
        "a.md",
        "logo.png",
        "fonts/a.woff2",
        "theme.css",
        "app.js",
        "conf.py",
        "package.json",
        "mkdocs.yml",
        "Makefile",
        "LICENSE",
        ".git/x.vue",
        "node_modules/a/b.vue",
        "a.2",
        "notes.~x~",
        "odd.\u202egpj",
        "a.b c",
    ],
)
def test_what_nobody_looks_for_is_not_counted(path: str):
    assert describe(path) == ""


def test_what_the_options_keep_out_is_not_counted():
    assert describe("a/x.csv", "b/x.csv", include=("a/",)) == describe("a/x.csv")
    assert describe("a/x.csv", exclude=("a/",)) == ""


def test_many_kinds_are_counted_together():
    line = describe(*(f"{n}.q{chr(97 + n)}" for n in range(MOST_KINDS + 3)))
    assert line.endswith("1 .qj, 3 of other kinds")
