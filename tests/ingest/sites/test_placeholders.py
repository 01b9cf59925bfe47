"""Placeholders add to a page only as much as is sound."""

from __future__ import annotations

from ingest.sites.placeholders import MAX_ADDED
from tests.ingest.sites.trees import find_page, read_tree


def test_a_small_page_can_not_ask_for_many_times_as_much():
    value = "x" * 1_900
    tree = {
        "mkdocs.yml": f"site_name: X\nplugins: [macros]\nextra: {{v: {value}}}\n",
        "docs/a.md": "{{ v }}" * 5_000,
    }
    page = find_page(read_tree(tree), "docs/a.md")
    assert MAX_ADDED - 2_000 < len(page.data) <= MAX_ADDED + 7 * 5_000
    assert page.text.endswith("{{ v }}")


def test_a_page_of_no_site_stays():
    tree = {"mkdocs.yml": "site_name: X\nplugins: [macros]\nextra: {v: 1}\n", "b.md": "{{ v }}"}
    assert find_page(read_tree(tree), "b.md").text == "{{ v }}"


def test_values_of_the_front_matter_of_jekyll():
    front = "---\ntitle: Plans\nlimits: {seats: 5}\n---\n"
    body = "{{ page.title }}: {{ page.limits.seats }} {% raw %}{{ page.title }}{% endraw %}"
    tree = {"_config.yml": "url: https://j.test\ntitle: Site\n", "a.md": front + body}
    assert find_page(read_tree(tree), "a.md").text == f"{front}Plans: 5 {{{{ page.title }}}}"
