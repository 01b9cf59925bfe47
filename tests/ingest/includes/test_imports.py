# ruff: noqa: E501
from __future__ import annotations

import pytest

from tests.ingest.includes.samples import fill, show

FILES = {
    "docs/_quota.mdx": "An account may send **700 mails an hour**.\n",
    "docs/_hello.mdx": "Hello {props.name}! {props.other}\n\n`npm i {props.name}`\n",
    "snippets/word.mdx": "My word is {word}.\n\n```bash\nnpm i {word}\n```\n",
    "snippets/box.mdx": "before\n\n{props.children}\n\nafter\n",
    "snippets/values.mdx": 'export const product = "Docent";\nexport const Hi = ({name}) => <b>Hi {name}</b>;\n\n',
    "snippets/tabs.mdx": "import Tabs from '@theme/Tabs'\n\n<Tabs>t</Tabs>\n",
    "docs/deep/_outer.mdx": 'import Inner from "./_inner.mdx"\n\nouter\n\n<Inner name={props.name} />\n',
    "docs/deep/_inner.mdx": "inner {props.name}\n",
    "docs/x.py": 'print("x")\n',
    "src/components/c.mdx": "component\n",
}  # fmt: skip


def body(page: str, path: str = "docs/a.mdx") -> str:
    return " ".join(show(page, FILES, path).split())


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("import Q from './_quota.mdx';\n\n<Q />", "An account may send **700 mails an hour**."),
        ("import Q from '@site/docs/_quota.mdx'\n\nA: <Q/> B", "A: An account may send **700 mails an hour**. B"),
        ("import H from './_hello.mdx'\n\n<H name='Ann' />", "Hello Ann! `npm i Ann`"),
        ('import H from "./_hello.mdx"\n\n<H name={"Ann"} />\n<H name="Bo" />', "Hello Ann! `npm i Ann` Hello Bo! `npm i Bo`"),
        ("import W from '/snippets/word.mdx'\n\n<W word=\"one\" />", "My word is one. ```bash npm i one ```"),
        ("import W from '/snippets/word.mdx'\n\n<W word={8} />", "My word is 8. ```bash npm i 8 ```"),
        ("import W from '/snippets/word.mdx'\n\n<W word={0.25} />", "My word is 0.25. ```bash npm i 0.25 ```"),
        ('<Snippet file="word.mdx" word="two" />', "My word is two. ```bash npm i two ```"),
        ("import B from '/snippets/box.mdx'\n\n<B>\ninner\n</B>", "before inner after"),
        ("import { product as p } from '/snippets/values.mdx'\n\nThis is {p}.", 'export const p = "Docent"; This is {p}.'),
        ("import { Hi } from '/snippets/values.mdx'\n\n<Hi name=\"Ann\" />", "<b>Hi Ann</b>"),
        ("import T from '/snippets/tabs.mdx'\n\n<T />", "import Tabs from '@theme/Tabs' <Tabs>t</Tabs>"),
        ("import O from './deep/_outer.mdx'\n\n<O name=\"Ann\" />", "outer inner Ann"),
        ("import code from '!!raw-loader!./x.py';", 'export const code = "print(\\"x\\")";'),
        ("import code from './x.py?raw'", 'export const code = "print(\\"x\\")";'),
        ("import C from '@components/c.mdx'\n\n<C />", "component"),
        ("```mdx\nimport Q from './_quota.mdx'\n\n<Q />\n```", "```mdx import Q from './_quota.mdx' <Q /> ```"),
        ("import Q from './_quota.mdx'\n\n`<Q />` is code", "`<Q />` is code"),
        ("import Q from './none.mdx'\n\nText <Q />", "Text"),
        ("import Tabs from '@theme/Tabs'\n\n<Tabs />", "import Tabs from '@theme/Tabs' <Tabs />"),
    ],
)  # fmt: skip
def test_imports(page: str, shown: str):
    assert body(page) == shown


def test_a_partial_in_a_list_stays_in_its_item():
    page = "import Q from './_two.mdx'\n\n1. step\n\n   <Q />\n\n2. next\n"
    shown = show(page, {"docs/_two.mdx": "a\n\n- b\n"}, "docs/a.mdx")
    assert "   a\n\n   - b\n" in shown


def test_a_value_in_a_property_stays_one():
    files = {"docs/_c.mdx": "<Card title={props.t} href={`/x/${props.t}`} />\n"}
    shown = show("import C from './_c.mdx'\n\n<C t='A \"b\"' />", files, "docs/a.mdx")
    assert '<Card title={"A \\"b\\""} href={`/x/A "b"`} />' in shown


def test_a_missing_partial_is_one_line():
    filled = fill(**{"a.mdx": "import Q from './none.mdx'\n\n<Q />\n<Q />\n"})
    assert filled.failures == ('a.mdx: its include "./none.mdx" is not in the source',)
    assert not filled.texts["a.mdx"].strip()


def test_markdown_without_components_needs_no_import_any_more():
    assert body("import Q from './_quota.mdx'\n\n<Q />", "docs/a.md").startswith("An account")
