# ruff: noqa: E501
from __future__ import annotations

import pytest

from tests.ingest.includes.samples import fill, show

CODE = "import os\n\n# start\n@wraps\ndef f():\n    return 1\n# end\n\nclass A:\n    def b(self):\n        pass\n"
FILES = {
    "docs/x.py": CODE,
    "docs/part.rst": "one\ntwo\nthree\n",
    "_includes/all.rst": "all\n",
    "docs/part.md": "---\ntitle: x\n---\n# H\n\nHello world\n",
}


def code(*lines: str) -> str:
    return "\n".join(
        [".. code-block:: python", "", *(f"   {line}" if line else "" for line in lines), ""]
    )


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (".. include:: part.rst", "one\ntwo\nthree"),
        (".. include:: part.rst\n   :start-line: 1\n   :end-line: 2\n\nend", "two\n\nend"),
        (".. include:: part.rst\n   :start-after: one\n   :end-before: three", "two"),
        (".. include:: /_includes/all.rst", "all"),
        (".. include:: /_includes/all.rst\n.. note:: end", "all\n\n.. note:: end"),
        ("  .. include:: part.rst", "  one\n  two\n  three"),
        (".. literalinclude:: x.py\n   :start-after: # start\n   :end-before: # end", code("@wraps", "def f():", "    return 1")),
        (".. literalinclude:: x.py\n   :pyobject: A.b\n   :dedent:", code("def b(self):", "    pass")),
        (".. literalinclude:: x.py\n   :lines: -1,9", code("import os", "class A:")),
        (".. literalinclude:: x.py\n   :start-at: class A\n   :end-at: def b", code("class A:", "    def b(self):")),
        (".. include:: x.py\n   :literal:\n   :end-line: 1", code("import os")),
        ("Example::\n\n   .. include:: part.rst", "Example::\n\n   .. include:: part.rst"),
        (".. code-block:: rst\n\n   .. include:: part.rst", ".. code-block:: rst\n\n   .. include:: part.rst"),
        (".. note::\n\n   .. include:: part.rst", ".. note::\n\n   one\n   two\n   three"),
        (".. include:: <isonum.txt>", ".. include:: <isonum.txt>"),
        (".. literalinclude:: none.py", ".. literalinclude:: none.py"),
    ],
)  # fmt: skip
def test_restructured_text(page: str, shown: str):
    assert show(page, FILES, "docs/a.rst") == shown


def test_a_caption_and_a_language():
    shown = show(
        ".. literalinclude:: part.rst\n   :language: text\n   :caption:\n", FILES, "docs/a.rst"
    )
    assert shown.startswith(".. code-block:: text\n   :caption: part.rst\n\n   one\n")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("```{include} part.md\n```", "# H\n\nHello world"),
        ("```{include} part.md\n:start-after: Hello\n```", " world"),
        ("```{include} part.md\n:heading-offset: 1\n:end-before: Hello\n```", "## H"),
        (":::{include} part.md\n:::", "# H\n\nHello world"),
        ("```{literalinclude} x.py\n:language: py\n:pyobject: f\n```", "```py\n@wraps\ndef f():\n    return 1\n```"),
        ("```{literalinclude} x.py\n---\nlines: 1\n---\n```", "```python\nimport os\n```"),
        ("````{note}\n```{include} part.md\n```\n````", "````{note}\n# H\n\nHello world\n````"),
        ("- a\n\n  ```{include} part.md\n  ```", "- a\n\n  # H\n\n  Hello world"),
        ("````md\n```{include} part.md\n```\n````", "````md\n```{include} part.md\n```\n````"),
        ("```{code-block} md\n:::{include} part.md\n:::\n```", "```{code-block} md\n:::{include} part.md\n:::\n```"),
        ("```{eval-rst}\n.. include:: part.rst\n   :end-line: 1\n```", "```{eval-rst}\none\n```"),
    ],
)  # fmt: skip
def test_myst(page: str, shown: str):
    assert show(page, FILES) == shown


def test_a_missing_object_is_reported():
    filled = fill(FILES, **{"docs/a.md": "```{literalinclude} x.py\n:pyobject: g\n```"})
    assert filled.failures == ('docs/a.md: its include "x.py" has no "g"',)
    assert filled.texts["docs/a.md"] == b""


def test_an_include_of_sphinx_goes_out_from_the_page():
    files = {"docs/deep/b.inc": ".. include:: c.txt", "docs/c.txt": "c"}
    assert show(".. include:: deep/b.inc", files, "docs/a.rst") == "c"
