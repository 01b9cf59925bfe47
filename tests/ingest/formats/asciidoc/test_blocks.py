from __future__ import annotations

import pytest

from ingest.documents import PageError
from tests.ingest.formats.reading import read, text


def shown(content: str) -> str:
    return text(read(content, "a.adoc"))


CASES = {
    "code with a language": ("[source,sh]\n----\nrun\n----", "```sh\nrun\n```"),
    "code in short": ("[,yaml]\n----\na: 1\n----", "```yaml\na: 1\n```"),
    "code of the page's language": (
        ":source-language: go\n\n[source]\n----\nx\n----",
        "```go\nx\n```",
    ),
    "a fence of Markdown": ("```py\nx = 1\n```", "```py\nx = 1\n```"),
    "callouts": (
        "----\na # <1>\nb <.> \n<!--2-->\nc<d>\n----\n<1> One *x*.\n<2> Two.",
        "```\na # (1)\nb (1)\n(2)\nc<d>\n```\n1. One **x**.\n2. Two.",
    ),
    "attributes in code": (
        ":v: 2\n\n[subs=attributes+]\n----\nv{v}\n----\n\n----\nv{v}\n----",
        "```\nv2\n```\n```\nv{v}\n```",
    ),
    "a literal paragraph": (" a\n  b", "```\na\n b\n```"),
    "a title": (".Run *it*\n----\nx\n----", "**Run it**\n```\nx\n```"),
    "a note": ("NOTE: Take `care`.\nNow.", "**Note**\nTake `care`. Now."),
    "a note of blocks": ("[TIP]\n.Fast\n====\na\n\n* b\n====", "**Tip: Fast**\na\n- b"),
    "an example, a sidebar, an open block": (
        "====\na\n====\n\n****\nb\n****\n\n--\nc\n--",
        "a\nb\nc",
    ),
    "a quotation": ("[quote,Ann,Book]\n____\na\n____", "> a\n>\n> \u2014 Ann, Book"),
    "a verse": ("[verse]\na\nb", "> a  \n> b"),
    "raw HTML": ("++++\n<b>x</b>\n++++", "**x**"),
    "a formula": ("[stem]\n++++\nx < 2\n++++", "$$x < 2$$"),
    "comments": ("a\n// no\nb\n\n////\nno\n////\nc", "a b\nc"),
    "a picture": ('image::dir/my-pic.png[]\n\nimage::a.png["A, b",200]', "my pic\nA, b"),
    "breaks and tables of contents": ("a\n\n'''\n\n<<<\n\ntoc::[]\n\nb", "a\nb"),
    "nested lists": (
        "* a\n** b\n*** c\n* d\n. e\n.. f",
        "- a\n  - b\n    - c\n- d\n  1. e\n     1. f",
    ),
    "a continued item": (
        "* a\n+\nb\n+\n----\nc\n----\n* d",
        "- a\n\n  b\n\n  ```\n  c\n  ```\n- d",
    ),
    "a checklist": ("* [ ] a\n* [x] b\n* c", "- [ ] a\n- [x] b\n- c"),
    "terms": (
        "CPU:: fast\nDisk::\n  large\n+\nmore\nRAM:: none",
        "CPU\nfast\nDisk\nlarge\nmore\nRAM\nnone",
    ),
    "two lists": ("* a\n\n//-\n\n* b", "- a\n\n- b"),
    "a list after a title": (".T\n* a", "**T**\n- a"),
    "an include that is missing": ("a\n\ninclude::b.adoc[]\n\nc", "a\nc"),
    "a condition": (
        ":x:\n\nifdef::x[a]\nifndef::x[]\nb\nendif::[]\nifeval::[2 > 10]\nc\nendif::[]",
        "a",
    ),
    "an underlined heading": ("First\n-----\n\na", "a"),
    "a reference forward": ("See <<x>>.\n\n[[x]]\n== The end", "See The end."),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_a_block(content: str, expected: str):
    assert shown(content) == expected


def test_blocks_in_blocks_end():
    with pytest.raises(PageError, match="nested too deeply"):
        shown("\n".join("=" * count for count in range(4, 100)))


def test_lists_in_lists_end():
    markers = ["*" * count for count in range(1, 10)] + ["." * count for count in range(1, 10)]
    markers += ["-", "1.", "a.", "A.", "i)", "A)"]
    terms = ["t::", "t:::", "t::::", "t;;"]
    deep = "\n".join([*(f"{marker} a" for marker in markers), *terms])
    assert shown(deep).count("a") == len(markers)
