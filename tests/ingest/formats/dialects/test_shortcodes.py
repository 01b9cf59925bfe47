from __future__ import annotations

import pytest

from tests.ingest.formats.reading import blocks, read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{< note >}}Keep *it* hot.{{< /note >}}", "Note Keep *it* hot."),
        (
            'Mind{{< details "The lid" >}}is hot.{{< /details >}}',
            "Mind The lid is hot.",
        ),
        (
            "{% columns %}{% column %}Gas{% endcolumn %}{% column %}Coal{% endcolumn %}.",
            "Gas Coal.",
        ),
        ("---\nlayout: x\n---\n\nBoil {% if a %}gas{% else %}coal{% endif %}.", "Boil gas coal."),
        ("---\nlayout: x\n---\n\nLid{% if a %}s{% endif %}{% if b %}!{% endif %}", "Lids!"),
        ('A {{< badge "GA" >}}, then {{< var "x" >}}s.', "A GA, then xs."),
    ],
)
def test_names_of_tags_within_a_line_stand_apart_from_words(text: str, shown: str):
    assert [block.text for block in blocks(read(text, "a.md"))] == [shown]
