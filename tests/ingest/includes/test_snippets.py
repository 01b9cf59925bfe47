from __future__ import annotations

import pytest

from tests.ingest.includes.samples import show

CODE = "# --8<-- [start:one]\nx = 1\n# --8<-- [end:one]\ny = 2\nz = 3\n"
FILES = {"src/a.py": CODE, "docs/includes/b.md": "b\n", "c.txt": "c\n"}


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ('--8<-- "src/a.py"\n', "x = 1\ny = 2\nz = 3\n"),
        ('--8<-- "src/a.py:one"\n', "x = 1\n"),
        ('--8<-- "src/a.py:4"\n', "y = 2\nz = 3\n"),
        ('--8<-- "src/a.py:2:4"\n', "x = 1\ny = 2\n"),
        ('--8<-- "src/a.py::2"\n', "x = 1\n"),
        ("-8<- 'src/a.py:2:2,5:5'\n", "x = 1\nz = 3\n"),
        ('```python\n--8<-- "src/a.py:one"\n```\n', "```python\nx = 1\n```\n"),
        ('- a\n\n    --8<-- "src/a.py:4"\n', "- a\n\n    y = 2\n    z = 3\n"),
        ('--8<-- "b.md"\n', "b\n"),
        ("--8<--\nb.md\n; src/a.py\n\nc.txt\n--8<--\nend", "b\n\n\nc\n\nend"),
        (';--8<-- "b.md"\n', '--8<-- "b.md"\n'),
        ('see `--8<-- "b.md"` here', 'see `--8<-- "b.md"` here'),
        ("{!c.txt!}", "c"),
        ("```\n{!> ../src/a.py[ln:4-5]!}\n```", "```\ny = 2\nz = 3\n```"),
        ("{! b.md !}", ""),
        ("\\{!c.txt!}", "{!c.txt!}"),
        ("`{!c.txt!}`", "`{!c.txt!}`"),
        ("{* ../src/a.py ln[4:5] hl[4] *}\n", "```python\ny = 2\nz = 3\n```\n"),
        ('{* ../src/a.py ln[2,5] title["a.py"] *}\n', "**a.py**\n\n```python\nx = 1\nz = 3\n```\n"),
        ("```\n{* ../src/a.py *}\n```\n", "```\n{* ../src/a.py *}\n```\n"),
        ("```rust\n{{#include ../c.txt}}\n```", "```rust\nc\n```"),
        ("{{#include ../src/a.py:4:5}}", "y = 2\nz = 3"),
        ("\\{{#include ../c.txt}}", "{{#include ../c.txt}}"),
    ],
)
def test_snippets(page: str, shown: str):
    assert show(page, FILES) == shown


def test_anchors_of_mdbook():
    code = "fn a() {}\n// ANCHOR: part\nfn b() {}\n// ANCHOR_END: part\n"
    assert show("{{#include a.rs:part}}", {"docs/a.rs": code}) == "fn b() {}"
    assert show("{{#playground a.rs}}", {"docs/a.rs": code}).startswith("```rust\nfn a() {}")


def test_a_file_of_the_folder_with_the_settings_comes_first():
    # The markup is read where mkdocs runs, not beside the page.
    files = {"README.md": "of the root", "docs/README.md": "of the pages"}
    assert show('--8<-- "README.md"', files) == "of the root"
