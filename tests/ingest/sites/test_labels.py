"""Labels of Sphinx name places of other pages."""

from __future__ import annotations

import pytest

from ingest.documents import Page
from ingest.sites.labels import Label, Labels

RST = """
.. _top:

========
The page
========

.. _first label:
.. _second:

A *section* of :ref:`x <y>`
---------------------------

.. _bare:

Only a paragraph.
"""


@pytest.mark.parametrize(
    ("target", "label"),
    [
        ("top", Label("a.rst", "top", "The page")),
        ("First  Label", Label("a.rst", "first-label", "A section of y")),
        ("second", Label("a.rst", "second", "A section of y")),
        ("bare", Label("a.rst", "bare", "")),
        ("none", None),
    ],
)
def test_labels_of_rst(target: str, label: Label | None):
    page = Page("docs", "a.rst", "https://x.test/a", RST.encode())
    assert Labels([page]).find(page, target) == label
    assert Labels([page]).find_title("a.rst") == "The page"


def test_many_labels_after_each_other_are_read_once_each():
    text = "".join(f".. _label-{number}:\n" for number in range(5_000)) + "\nTitle\n=====\n"
    page = Page("docs", "a.rst", "https://x.test/a", text.encode())
    found = Labels([page]).find(page, "label-4999")
    assert found is not None
    assert found.title == "Title"
