from __future__ import annotations

import pytest

from ingest.formats.mdx.brackets import find_expression_end, find_statement_end


@pytest.mark.parametrize(
    "source",
    [
        "{a}",
        "{{a: {b: 1}}}",
        "{'}'}",
        '{"}\\"}"}',
        "{`}`}",
        "{`a${{b: `}`}}c}`}",
        "{/* } */ a}",
        "{a // }\n}",
        "{<p>don't</p>}",
        "{<a>https://x.test</a>}",
    ],
)
def test_the_end_of_an_expression(source: str):
    assert find_expression_end(f"{source} b }}", 1) == len(source)


@pytest.mark.parametrize("source", ["{a", "{'}'", "{`}", "{{}", "{" * 1_000])
def test_an_expression_without_an_end(source: str):
    assert find_expression_end(source, 1) == 0


@pytest.mark.parametrize(
    "source",
    [
        "import a from 'b'",
        "export const a = {\n\n  b: [\n\n]}",
        "export const a = `\n\n{`",
        "export const A = () => (\n\n<p>x</p>\n\n)",
    ],
)
def test_the_end_of_a_statement(source: str):
    assert find_statement_end(f"{source}\n\nText.", 0) == (len(source), True)
    assert find_statement_end(source, 0) == (len(source), True)


def test_a_statement_without_an_end_takes_one_paragraph():
    assert find_statement_end("export const a = {\n\nText.\n\nMore.", 0) == (18, False)
