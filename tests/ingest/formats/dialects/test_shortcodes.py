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


def test_operations_of_gitbook_have_their_paths_and_types():
    page = """{% swagger method="get" path="/lids" baseUrl="https://a.b" summary="List lids" %}
{% swagger-description %}
All of *them*.
{% endswagger-description %}
{% swagger-parameter in="query" name="size" type="string" required="true" %}
In litres.
{% endswagger-parameter %}
{% swagger-response status="404: Not Found" description="No lid" %}
{% endswagger-response %}
{% endswagger %}
"""
    assert [block.text for block in blocks(read(page, "a.md"))] == [
        "**List lids. `GET /lids`**",
        "All of *them*.",
        "**size (query, string, required)**",
        "In litres.",
        "**404: Not Found. No lid**",
    ]
