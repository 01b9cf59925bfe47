"""Settings in YAML, with tags that only a program of Python knows."""

from __future__ import annotations

import pytest

from ingest.sites.settings.yaml_file import read_yaml


def test_tags_are_not_followed():
    text = (
        "a: !!python/name:pymdownx.slugs.slugify\n"
        "b: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}\n"
        "c: !ENV KEY\nd: !ENV [KEY, default]\ne: !relative $docs_dir\nf: !Other [1]\n"
    )
    assert read_yaml(text) == {
        "a": "pymdownx.slugs.slugify",
        "b": {"tag": "pymdownx.slugs.slugify", "kwds": {"case": "lower"}},
        "c": None,
        "d": "default",
        "e": "$docs_dir",
        "f": [1],
    }


MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{number}: &a{number}\n  <<: [{', '.join([f'*a{number - 1}'] * 9)}]\n"
    for number in range(1, 20)
)


@pytest.mark.parametrize(
    "text", ["", "- a", "a: [", "a: " + "[" * 50_000, MERGES, "? [a]\n: b", "a: *none", "a: \t- b"]
)
def test_what_is_no_mapping_or_could_do_harm_is_empty(text: str):
    assert read_yaml(text) == {}
