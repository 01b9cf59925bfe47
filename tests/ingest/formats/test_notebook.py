from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.documents import PageError
from tests.ingest.formats.reading import blocks, outline, read, read_file, text


def notebook(*cells: dict[str, Any], **more: Any) -> str:
    kernel = {"kernelspec": {"language": "python"}}
    return json.dumps({"nbformat": 4, "metadata": kernel, "cells": cells, **more})


def shown(source: str) -> list[str]:
    return [block.text for block in blocks(read(source, "a.ipynb"))]


def test_cells_become_text_and_fences():
    code = {"cell_type": "code", "source": ["x = 1\n", "# not a heading\n", "print('```')"]}
    document = read(
        notebook({"cell_type": "markdown", "source": "# Title\n\nText."}, code), "a.ipynb"
    )
    assert document.title == "Title"
    assert outline(document) == [("Title", "title")]
    assert [block.text for block in blocks(document)] == [
        "Text.",
        "````python\nx = 1\n# not a heading\nprint('```')\n````",
    ]


def test_only_the_beginning_of_what_was_printed():
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": "Warning: old"},
        {"output_type": "stream", "name": "stdout", "text": ["\u001b[1mone\u001b[0m\n", "two\n"]},
        {"output_type": "display_data", "data": {"image/png": "AAAA", "text/html": "<b>"}},
        {"output_type": "execute_result", "data": {"text/plain": "3\n4\n5\n6\n7"}},
    ]
    assert shown(notebook({"cell_type": "code", "source": "f()", "outputs": outputs})) == [
        "```python\nf()\n```",
        "```\none\ntwo\n3\n4\n5\n...\n```",
    ]


@pytest.mark.parametrize(
    ("data", "printed"),
    [
        ({"text/plain": "<Figure size 640x480 with 1 Axes>", "image/png": "AAAA"}, []),
        ({"text/plain": ["[<matplotlib.lines.Line2D at 0x7f3c>]"]}, []),
        (
            {
                "text/plain": "<IPython.core.display.Markdown object>",
                "text/markdown": "It *boils*.",
            },
            ["```\nIt *boils*.\n```"],
        ),
        ({"text/plain": "<b> is a tag"}, ["```\n<b> is a tag\n```"]),
    ],
)
def test_names_of_objects_are_no_output(data: dict[str, Any], printed: list[str]):
    outputs = [{"output_type": "display_data", "data": data}]
    cell = {"cell_type": "code", "source": "f()", "outputs": outputs}
    assert shown(notebook(cell)) == ["```python\nf()\n```", *printed]


def test_errors_are_one_line():
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["x"] * 9}
    cell = {"cell_type": "code", "source": "f()", "outputs": [error]}
    assert shown(notebook(cell))[1] == "```\nValueError: no\n```"


def test_nbformat_3():
    old = {
        "nbformat": 3,
        "metadata": {"name": "x"},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 2, "source": ["Old", " one"]},
                    {
                        "cell_type": "code",
                        "input": "1 + 1",
                        "language": "python",
                        "outputs": [{"output_type": "pyout", "text": ["2"]}],
                    },
                ]
            }
        ],
    }
    document = read(json.dumps(old), "a.ipynb")
    assert outline(document) == [("Old one", "old-one")]
    assert [block.text for block in blocks(document)] == ["```\n1 + 1\n```", "```\n2\n```"]


def test_cells_that_their_author_hides():
    hidden = {"cell_type": "code", "source": "secret", "metadata": {"tags": ["remove-cell"]}}
    assert shown(notebook(hidden, {"cell_type": "raw", "source": "latex"})) == []


@pytest.mark.parametrize("source", ["", "[1]", "{", '{"cells": 1}', '{"a": 1}', "nothing"])
def test_what_is_no_notebook(source: str):
    with pytest.raises(PageError, match="notebook"):
        read(source, "a.ipynb")


@pytest.mark.parametrize("cells", [[1, None, "x"], [{}], [{"cell_type": "code", "outputs": 3}]])
def test_odd_cells_are_passed_over(cells: list[Any]):
    assert shown(json.dumps({"cells": cells, "metadata": [], "worksheets": None})) == []


def test_real_notebooks(shared: Path):
    folder = shared / "corpus/formats/ipynb"
    gptj = read_file(folder / "gptj_batch_prediction.ipynb")
    assert gptj.title == "GPT-J-6B Batch Prediction with Ray AIR"
    assert "We define a runtime environment to ensure" in text(gptj)
    assert '```python\nmodel_id = "EleutherAI/gpt-j-6B"' in text(gptj)
    assert "**Tip**" in text(gptj)
    assert "{tip}" not in text(gptj)
    lightgbm = read_file(folder / "lightgbm_example.ipynb")
    assert lightgbm.title == "Training a model with distributed LightGBM"
    assert "ref)=" not in text(lightgbm)
    assert "\x1b" not in text(lightgbm)
    assert "TqdmWarning" not in text(lightgbm)
    longest = max(len(b.text.split("\n")) for b in blocks(lightgbm) if b.head == "```")
    assert longest <= 8


def test_a_fence_that_a_cell_leaves_open_ends_with_it():
    cells = [{"cell_type": "markdown", "source": text} for text in ("```python\nx = 1", "# Next")]
    document = read(notebook(*cells), "a.ipynb")
    assert document.sections[-1].anchor == "next"
    assert blocks(document)[0].text == "```python\nx = 1\n```"
