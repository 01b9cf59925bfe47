from __future__ import annotations

import pytest

from tests.ingest.includes.samples import show

REGION = "// #region part\nfunction f() {}\n// #endregion part\n\nexport default f\n"
PART = "---\ntitle: x\n---\n# One\n\na\n\n## Two\n\nb\n\n### Three\n\nc\n\n## Four\n\nd\n"
FILES = {"docs/f.js": REGION, "f.ts": "let a\n", "docs/parts/p.md": PART}


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<<< ./f.js#part{1}\n", "```javascript\nfunction f() {}\n```\n"),
        ("<<< @/f.ts{1-3}\n", "```typescript\nlet a\n```\n"),
        ("<<< @/f.ts {1,3 ts:line-numbers} [title]", "**title**\n\n```ts\nlet a\n```"),
        (
            "::: code-group\n\n<<< @/f.ts\n\n:::",
            "::: code-group\n\n```typescript\nlet a\n```\n\n:::",
        ),
        ("```md\n<<< @/f.ts\n```", "```md\n<<< @/f.ts\n```"),
        ("<!--@include: ./parts/p.md#two-->", "b\n\n### Three\n\nc"),
        ("<!-- @include: ./parts/p.md{4,6} -->", "# One\n\na"),
        ("<!--@include: ./parts/p.md{14,}-->", "c\n\n## Four\n\nd"),
        ("<!--@include: ./parts/none.md-->", ""),
        ("```js\n<!--@include: ./f.js{2,2}-->\n```", "```js\nfunction f() {}\n```"),
        (
            "```md\n<!--@include: ./parts/none.md-->\n```",
            "```md\n<!--@include: ./parts/none.md-->\n```",
        ),
        ("`<!--@include: ./f.js-->`", "`<!--@include: ./f.js-->`"),
    ],
)
def test_marks(page: str, shown: str):
    assert show(page, FILES) == shown


def test_front_matter_of_a_part_is_left_out():
    assert show("<!--@include: ./parts/p.md-->", FILES).startswith("# One")


def test_a_missing_region_is_reported():
    from tests.ingest.includes.samples import fill

    filled = fill(FILES, **{"docs/a.md": "<<< ./f.js#other"})
    assert filled.failures == ('docs/a.md: its include "./f.js" has no "#other"',)
