from __future__ import annotations

from ingest.includes.partials import find_partials


def partials(paths: list[str], **included: set[str]) -> set[str]:
    return {*find_partials(paths, included)}


def test_a_partial_is_included_and_named_like_one():
    paths = ["a.md", "_b.md", "c.md", "snippets/d.mdx", "docs/_includes/e.md"]
    assert partials(paths, **{"a.md": {*paths}}) == {
        "_b.md",
        "snippets/d.mdx",
        "docs/_includes/e.md",
    }
    assert partials(paths) == set()


def test_docusaurus_makes_no_page_of_a_name_with_an_underscore():
    assert partials(["a.mdx", "_b.mdx", "_c.md", "x/_index.mdx"]) == {"_b.mdx"}


def test_pages_of_hugo_and_jekyll():
    paths = ["content/_index.md", "_posts/2026-01-01-a.md", "_docs/b.md", "c.md"]
    assert partials(paths, **{"c.md": {*paths}}) == set()


def test_of_two_partials_that_include_each_other_one_stays():
    paths = ["snippets/a.md", "snippets/b.md"]
    assert partials(paths, **{"snippets/a.md": {paths[1]}, "snippets/b.md": {paths[0]}}) == {
        paths[1]
    }


def test_a_partial_of_a_partial_that_is_on_no_page():
    paths = ["snippets/a.md", "snippets/b.md", "c.md"]
    assert partials(paths, **{"snippets/a.md": {"snippets/b.md"}}) == {"snippets/b.md"}


def test_there_is_always_a_page():
    assert partials(["_a.mdx"]) == set()
