"""Slugs, compared with those that the makers themselves gave to the same headings."""

from __future__ import annotations

import pytest

from ingest.documents import Page
from ingest.formats import read_document
from ingest.formats.slugs import SLUGS

HEADINGS = (
    "Getting started",
    "What's new?",
    "C++ & Rust",
    "1. First step",
    "2nd run",
    "snake_case_name",
    "The `--flag` option",
    "Copy -- or move",
    "A <b>bold</b> [link](x.md)",
    "![Logo](a.png) Picture",
    "Café Ünï straße",
    "Привет, мир!",
    "中文标题 (draft)",
    "ह\u093fन\u094dद\u0940 श\u0940र\u094dषक",
    "\U0001f680 Launch :tada:",
    "Trailing colon:",
    "CI/CD 1.2.3",
    "Fish &amp; chips",
    "İstanbul \xbd \u216b \u2460",
    "-dash- and  spaces",
    "!?",
)
NONE = "(none)"
ANCHORS = {
    "github": """
getting-started whats-new c--rust 1-first-step 2nd-run snake_case_name the---flag-option
copy----or-move a-bold-link logo-picture café-ünï-straße привет-мир 中文标题-draft हिन्दी-शीर्षक
-launch-tada trailing-colon cicd-123 fish--chips i̇stanbul--ⅻ- -dash--and--spaces (none)
""",
    "docusaurus": """
getting-started whats-new c--rust 1-first-step 2nd-run snake_case_name the---flag-option
copy----or-move a-bold-link logo-picture café-ünï-straße привет-мир 中文标题-draft हिन्दी-शीर्षक
-launch-tada trailing-colon cicd-123 fish--chips i̇stanbul--ⅻ- -dash--and--spaces (none)
""",
    "mkdocs": """
getting-started whats-new c-rust 1-first-step 2nd-run snake_case_name the-flag-option
copy-or-move a-bold-link picture cafe-uni-strae _1 draft _2 launch trailing-colon cicd-123
fish-chips istanbul-12-xii-1 -dash-and-spaces _3
""",
    "mkdocs-unicode": """
getting-started whats-new c-rust 1-first-step 2nd-run snake_case_name the-flag-option
copy-or-move a-bold-link picture café-ünï-straße привет-мир 中文标题-draft हनद-शरषक launch
trailing-colon cicd-123 fish-chips i̇stanbul-½-ⅻ-① -dash-and-spaces _1
""",
    "pymdownx": """
getting-started whats-new c--rust 1-first-step 2nd-run snake_case_name the---flag-option
copy----or-move a-bold-link picture café-ünï-straße привет-мир 中文标题-draft हनद-शरषक -launch
trailing-colon cicd-123 fish--chips istanbul-½-ⅻ-① -dash--and-spaces _1
""",
    "pymdownx-case": """
Getting-started Whats-new C--Rust 1-First-step 2nd-run snake_case_name The---flag-option
Copy----or-move A-bold-link Picture Café-Ünï-straße Привет-мир 中文标题-draft हनद-शरषक -Launch
Trailing-colon CICD-123 Fish--chips İstanbul-½-Ⅻ-① -dash--and-spaces _1
""",
    "vitepress": """
getting-started what-s-new c-rust _1-first-step _2nd-run snake-case-name the-flag-option
copy-or-move a-bold-link picture cafe-uni-straße привет-мир 中文标题-draft हिन्दी-शीर्षक
🚀-launch trailing-colon ci-cd-1-2-3 fish-amp-chips istanbul-1\u20442-xii-1 dash-and-spaces (none)
""",
    "kramdown": """
getting-started whats-new c--rust 1-first-step 2nd-run snake_case_name the---flag-option
copy--or-move a-bold-link -picture café-ünï-straße привет-мир 中文标题-draft हिन्दी-शीर्षक
-launch-tada trailing-colon cicd-123 fish--chips i̇stanbul--ⅻ- -dash--and--spaces (none)
""",
    "kramdown-plain": """
getting-started whats-new c--rust first-step nd-run snakecasename the---flag-option
copy----or-move a-bboldb-linkxmd logoapng-picture caf-n-strae section draft section-1
launch-tada trailing-colon cicd-123 fish-amp-chips stanbul--- dash--and--spaces section-2
""",
    "myst": """
getting-started what-s-new c-rust first-step nd-run snake-case-name the-flag-option
copy-or-move a-bold-link picture cafe-uni-strasze id1 draft id2 launch-tada trailing-colon
ci-cd-1-2-3 fish-chips istanbul-12-xii-1 dash-and-spaces id3
""",
    "hugo": """
getting-started whats-new c--rust 1-first-step 2nd-run snake_case_name the---flag-option
copy----or-move a-bboldb-linkxmd logoapng-picture café-ünï-straße привет-мир 中文标题-draft
हनद-शरषक -launch-tada trailing-colon cicd-123 fish-amp-chips istanbul--- -dash--and--spaces
heading
""",
    "starlight": """
getting-started whats-new c--rust 1-first-step 2nd-run snake_case_name the---flag-option
copy--or-move a-bold-link -picture café-ünï-straße привет-мир 中文标题-draft हिन्दी-शीर्षक
-launch-tada trailing-colon cicd-123 fish--chips i̇stanbul--ⅻ- -dash--and--spaces (none)
""",
    "nextra": """
getting-started whats-new c--rust 1-first-step 2nd-run snake_case_name the---flag-option
copy----or-move a-bold-link -picture café-ünï-straße привет-мир 中文标题-draft हिन्दी-शीर्षक
-launch-tada trailing-colon cicd-123 fish--chips i̇stanbul--ⅻ- -dash--and--spaces (none)
""",
    "mintlify": """
getting-started what\u2019s-new c++-&-rust 1-first-step 2nd-run snake_case_name the-flag-option
copy-—-or-move a-bold-link picture café-ünï-straße привет-мир 中文标题-draft हिन्दी-शीर्षक
-launch-tada trailing-colon ci/cd-1-2-3 fish-&-chips i̇stanbul-½-ⅻ-① dash-and-spaces (none)
""",
}
"""By maker, the anchors of the headings in their order, as a build of all on one page had them."""


@pytest.mark.parametrize("maker", ANCHORS)
def test_slugs_are_those_of_the_maker(maker: str):
    text = "# Title\n\n" + "\n\n".join(f"## {heading}\n\nText." for heading in HEADINGS)
    document = read_document(Page("docs", "a.md", "", text.encode(), anchors=maker))
    anchors = [section.anchor or NONE for section in document.sections[1:]]
    assert dict(zip(HEADINGS, anchors, strict=True)) == dict(
        zip(HEADINGS, ANCHORS[maker].split(), strict=True)
    )


@pytest.mark.parametrize(
    ("rule", "heading", "slug"),
    [
        ("gitbook", "1. Install the app", "id-1.-install-the-app"),
        ("gitbook", "Tips & tricks", "tips-and-tricks"),
        ("gitbook", "What's a Café?", "whats-a-cafe"),
        ("gitbook", "Привет", ""),
        ("mdbook", "The `--flag`: it", "the---flag-it"),
        ("mdbook", "Über 中文", "Über-中文"),
        ("asciidoc", "Set up: the v1.2-beta", "_set_up_the_v1_2_beta"),
        ("case", "Keep the Case", "Keep-the-Case"),
        ("myst-smartquotes", "Don't stop", "dont-stop"),
        ("sphinx", "Don't stop", "don-t-stop"),
        ("none", "Anything", ""),
    ],
)
def test_slugs_of_makers_that_were_not_at_hand(rule: str, heading: str, slug: str):
    page = Page("docs", "a.md", "", f"## {heading}\n\nText.".encode(), anchors=rule)
    assert read_document(page).sections[0].anchor == slug


@pytest.mark.parametrize("rule", SLUGS)
def test_every_rule_bears_any_heading(rule: str):
    headings = (
        "",
        "#",
        "\u0000",
        "a" * 5_000,
        "\ud7ff\U0001f3f3\ufe0f",
        "%41%zz",
        "_1",
        "_99999999999",
    )
    text = "\n\n".join(f"## {heading}" for heading in headings * 2)
    document = read_document(Page("docs", "a.md", "", text.encode(), anchors=rule))
    anchors = [section.anchor for section in document.sections if section.anchor]
    assert bool(anchors) == (rule != "none")
