"""Settings in JavaScript and TypeScript are read as far as they are written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sites.settings.javascript import Call, find_call, read_javascript

VALUES = {
    "'a'": "a",
    '"it\\\'s \\u00fc"': "it's ü",
    "`a`": "a",
    "`${host}/b`": "https://h.test/b",
    "`${unknown}/b`": None,
    "1_000": 1000,
    "1.5": 1.5,
    "true": True,
    "!true": None,
    "host": "https://h.test",
    "more.inner": 2,
    "more['inner']": None,
    "process.env.X": None,
    "process.env.X || 'b'": "b",
    "process.env.X ?? host": "https://h.test",
    "host + '/c'": "https://h.test/c",
    "process.env.NODE_ENV === 'production' ? '/p/' : '/'": "/p/",
    "isDev ? '/' : '/p/'": "/p/",
    "process.env.NODE_ENV !== 'production' ? '/' : '/p/'": "/p/",
    "odd ? 1 : 2": None,
    "[1, 'a', ...list, {b: 2}]": [1, "a", 3, {"b": 2}],
    "{a: 1, 'b': [2], ...more}": {"a": 1, "b": [2], "inner": 2},
    "host as string": "https://h.test",
    "{a: 1} satisfies Options": {"a": 1},
    "(x) => ({a: x, b: 1})": {"a": None, "b": 1},
    "function () { const y = 1; return {a: y} }": {"a": 1},
    "/[/'\"]+/g": None,
    "make('a', {b: 1})": Call("make", ("a", {"b": 1})),
    "new URL('/x', host).href": None,
}


@pytest.mark.parametrize("source", VALUES)
def test_values(source: str):
    text = (
        "const host: string = 'https://h.test' // a comment\n"
        "const list = [3]; const more: Record<string, number> = {inner: 2}\n"
        f"export default {{ before: 'b', value: {source}, after: 'a' }}\n"
    )
    assert read_javascript(text) == {"before": "b", "value": VALUES[source], "after": "a"}


@pytest.mark.parametrize(
    "source",
    [
        "export default {a: 1}",
        "export default defineConfig({a: 1})",
        "module.exports = {a: 1};",
        "const config: Config = {a: 1};\nexport default config;",
        "const a = 1\nmodule.exports = { a }",
        "export default withMermaid(defineConfig({a: 1}), {b: 2})",
        "export default async function create() {\n  await x();\n  return {a: 1};\n}",
        "module.exports = async () => { return { a: 1, } }",
        "export default () => ({a: 1})",
        "/* {a: 2} */\n// export default {a: 2}\nexport default {a: 1}",
    ],
)
def test_ways_to_export(source: str):
    assert read_javascript(source) == {"a": 1}


def test_methods_and_comments_are_skipped():
    source = (
        "export default {\n  // url: 'no',\n  async load(x) { if (x) { return 1 } },\n"
        "  get title() { return x['}'] },\n  url: 'yes', /* base: 'no' */ [key]: 'c',\n}\n"
    )
    read = read_javascript(source)
    assert read["url"] == "yes"
    assert "base" not in read


def test_names_that_name_each_other_end():
    assert read_javascript("const a = b; const b = a; export default {a: a, c: 1}")["c"] == 1


def test_calls_are_found_in_lists():
    read = read_javascript("export default {integrations: [mdx(), docs({title: 'T'})]}")
    assert find_call(read["integrations"], "docs") == Call("docs", ({"title": "T"},))
    assert find_call(read["integrations"], "other") is None


@given(st.text(alphabet="{}[]()'\"`,:;.=>?|&+!/\\ \nabexport default"))
def test_any_text_is_read(source: str):
    assert isinstance(read_javascript(source), dict)
    assert isinstance(read_javascript(f"export default {source}"), dict)


def test_deep_nesting_is_given_up():
    assert list(read_javascript("export default {a: " + "[" * 5_000)) == ["a"]
    assert read_javascript("export default {b: 1, a: " + "[" * 500 + "]" * 500 + "}")["b"] == 1
