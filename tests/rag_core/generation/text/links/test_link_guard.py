# ruff: noqa: RUF001  (signs of other languages)

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.generation.text.links.addresses import Address, KnownAddresses
from rag_core.generation.text.links.link_guard import LinkGuard, check_links, keep_links, show_hosts
from rag_core.generation.text.links.markdown_map import MarkdownMap, MarkdownReader
from tests.live_links import find_links, find_words
from tests.rag_core.fakes import make_passage

PASSAGES = [
    make_passage(
        "See [a](https://known.example/a#part), [b](sub/b.md) or https://known.example/c."
    ),
    make_passage("Write to me@known.example, or read [it](https://evil.test/page).", position=1),
]
KNOWN = KnownAddresses.of(PASSAGES)

# What answers and attacks are made of: links, tags, definitions, code and blocks, whole and broken.
PIECES = [
    *("[", "]", "(", ")", "](", "][", "]:", "]: ", "![", "*[", "<", ">", "</a>", '<a href="'),
    *("<a href=", "<img src=", "<div>", "</div>", "<!--", "-->", "<pre>", "<script>", "</script>"),
    *('"', "'", "`", "``", "```", "~~~", "\n", "\n\n", "\r", "\n> ", "\n- ", "\n  ", "\n    "),
    *("1. ", "    ", "\t", " ", "\n\t", "\n\n    ", "\\", "&#58;", "&colon;", "&period;", "%2e"),
    *("https", "http", ":", "//", "/", ".", "．", "@", "\u200b", "https://evil.com/x"),
    *("https://evil.test", "www.evil.com", "evil.com", "evil.test/x?d=1", "me@evil.com"),
    *("mailto:me@evil.com", "https://known.example/a", "https://known.example/c", "sub/b.md"),
    *("known.example", "javascript:alert(1)", "data:x", "x", "word", "例", "。", "[x]", "[1]"),
    *("[x]: https://evil.com", "[x]: https://known.example/a", "[x](https://evil.com)"),
    *("[x](https://known.example/a)", "<https://evil.com>", "<me@evil.com>", "|", "|\n|---|---|\n"),
    *("|---|", "*", "_", "~~", "**", "$", ",", "!", "?", "#", "# ", "=", "\n===\n", "---"),
]
BLANKS = "\v\f\x1c\x1d\x1e\x1f\x85\u00a0\u2003\u2028\u2029\u3000"
texts = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)


def guard(*pieces: str) -> str:
    guard = LinkGuard(KNOWN)
    return "".join(map(guard.feed, pieces)) + guard.flush()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [a](https://known.example/a) [1].", "See [a](https://known.example/a) [1]."),
        ("See [a](https://known.example/a#part).", "See [a](https://known.example/a#part)."),
        ("See [a](https://known.example/a#other).", "See [a](https://known.example/a)."),
        ("See [b](sub/b.md).", "See [b](sub/b.md)."),
        ("See [the page](https://bad.example/x) [1].", "See the page [1]."),
        ('See [x](https://bad.example "title").', "See x."),
        ("![a chart](https://bad.example/x.png)", "a chart"),
        ("See https://known.example/c.", "See https://known.example/c."),
        ("See https://bad.example/c, please.", "See …, please."),
        ("See <https://bad.example/c>.", "See …."),
        ("(https://bad.example/c_(d))", "(…)"),
        ("See www.bad.example now", "See … now"),
        ("[![i](https://bad.example/i)](https://bad.example)", "i"),
        ("[https://bad.example](https://bad.example)", "…"),
        ("Run `curl https://bad.example` now.", "Run `curl https://bad.example` now."),
        ("```\n[a](https://bad.example)\n```", "```\n[a](https://bad.example)\n```"),
        # How CommonMark reads it decides, however it is written.
        ("[x](https&#58;//evil.com/y)", "x"),
        ("[x](https\\://evil.com/y)", "x"),
        ("https&colon;//evil.com/y", "…"),
        ("[a [b\\] c](https://evil.com)", "[a b\\] c"),
        ("[" + "long " * 80 + "](https://evil.com)", "long " * 80),
        ("[two\nlines](https://evil.com)", "two\nlines"),
        ("[x]( \n https://evil.com)", "x"),
        ("[x](https://evil.com 'title')", "x"),
        ("[x](https://evil.com (title))", "x"),
        ("[x](<https://evil.com/a b>)", "x"),
        ("[x][y]\n\n[y]: https://evil.com", "[x][y]\n\n\\[y]: …"),
        ("> [y]: https://evil.com\n\n- [y]", "> \\[y]: …\n\n- y"),
        ("Write to <me@evil.com>", "Write to me@\u200bevil.\u200bcom"),
        ('<a href="https://evil.com">x</a> <img src=//evil.com alt=hi>', "x hi"),
        ("<form action=x>a</form>", "&lt;form action=x>a</form>"),
        ("- a\n  ```\n  code\n[x](https://evil.com)", "- a\n  ```\n  code\nx"),
        (
            "| a ` | [x](https://evil.com) ` |\n|---|---|\n| 1 | 2 |",
            "| a ` | x ` |\n|---|---|\n| 1 | 2 |",
        ),
        ("a `\n> [x](https://evil.com) `", "a `\n> x `"),
        ("<div>\n```\n</div>\n\n[x](https://evil.com)", "<div>\n```\n</div>\n\nx"),
        ("text\r    [x](https://evil.com)", "text\n    x"),
        ("text\n    [x](https://evil.com)", "text\n    x"),
        ("    [x](https://evil.com)", "x"),
        ("[x](javascript:alert(1))", "x"),
        ("[x](//evil.com)", "x"),
        ("[x](https://known.example@evil.com/a)", "x"),
        ("[x](https://known.example.evil.com/a)", "x"),
        ("[x](https://known.example/a?q=secret)", "x"),
        ("[x](HTTPS://KNOWN.EXAMPLE/a)", "[x](https://known.example/a)"),
        ("Call args[0](x).", "Call args\\[0](x)."),
        # Names that a reader makes links of.
        ("Go to evil.com or evil.test/x?d=1.", "Go to evil.\u200bcom or evil.\u200btest/x?d=1."),
        ("**https://evil.com** _evil.com_", "**…** _evil.\u200bcom_"),
        ("Write to me@known.example", "Write to me@known.example"),
        ("见 https://known.example/c。好", "见 <https://known.example/c>。好"),
        # A label that names another host than its link.
        ("[https://bank.com](https://evil.test/page)", "[… (evil.test)](https://evil.test/page)"),
        (
            "[bank.com](https://evil.test/page)",
            "[bank.\u200bcom (evil.test)](https://evil.test/page)",
        ),
        ("[evil.test](https://evil.test/page)", "[evil.test](https://evil.test/page)"),
        (
            "[bank&#46;com](https://evil.test/page)",
            "[bank&#46;\u200bcom (evil.test)](https://evil.test/page)",
        ),
        (
            "[b**ank**．com](https://evil.test/page)",
            "[b**ank**．\u200bcom (evil.test)](https://evil.test/page)",
        ),
        # What a name ends with, or stands in.
        *((f"evil.com?z=1{blank}\n\nx", f"evil.\u200bcom?z=1{blank}\n\nx") for blank in BLANKS),
        ("> " * 160 + "evil.com?z=1\n\nx", "> " * 160 + "evil.\u200bcom?z=1\n\nx"),
        ("- " * 160 + "evil.com?z=1\n\nx", "- " * 160 + "evil.\u200bcom?z=1\n\nx"),
        ("a.evil.com．foobar evil。com", "a.\u200bevil.\u200bcom．foobar evil。\u200bcom"),
        ("evil.ru(x) and evil.sh", "evil.\u200bru(x) and evil.\u200bsh"),
        ("https://`x.evil.com/s and b`", "…`x.evil.com/s and b`"),
        ("<div>\nevil&period;com\n</div>\n", "<div>\nevil&period;\u200bcom\n</div>\n"),
        ("<textarea>`</textarea>https://evil.com`", "<textarea>`</textarea>…`"),
        ("evil**.com** _https_://evil.com x", "evil**.\u200bcom** _… x"),
        # Known addresses, and the words beside them.
        (
            "**me@known.example** ME@KNOWN.EXAMPLE",
            "**me@known.example** ME@\u200bKNOWN.\u200bEXAMPLE",
        ),
        ("https://known.example/c—yes", "<https://known.example/c> —yes"),
        ("https://known.example/c)evil.com", "<https://known.example/c> )evil.\u200bcom"),
        ("“https://known.example/c”", "“<https://known.example/c>”"),
        ("https://known.example/c/secret", "…"),
        # More of a line can make it a part of the block above.
        ("> 1. [r]:\n>    https://evil.com 'a\n>    b'\n", "> 1. \\[r]:\n>    … 'a\n>    b'\n"),
    ],
)
def test_only_links_of_the_passages_are_links(text: str, shown: str):
    assert guard(text) == shown
    assert guard(*text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Use node.js, config.yaml, example.com and foo.baz() in v2.6.x or 1.2.3.",
        "Call asyncio.gather(), e.g. with np.float32; see docs/conf.py, ../x/y.yaml or a.b.c.d.",
        "10.0.0.0/8 and 127.0.0.1:19530 and localhost:8080/x",
        "x < y, a<5, List<int>, <token>, <br> and <details open> stay, and AT&T & co.",
        "Formulas \\(a_1 \\le b\\) and $x^2$, and \\*stars\\*.",
        "| a | b |\n|---|---|\n| `x|y` | [1] |\n\n1. one\n   - two [2]\n\n> quoted",
        "- [ ] open\n- [x] done",
        "An interval [0, 5) and a list [1, 2], rows[9] and x[i].",
        "请访问 Milvus。然后安装 [1]。",
        "Ends.And begins? etc.and so on",
        "The user@host and @scope/pkg@1.2.3",
    ],
)
def test_other_text_stays_as_it_is(text: str):
    assert guard(text) == text
    assert guard(*text) == text


@given(st.text(st.sampled_from("ab Z09 \n-*_#,;!?'\"()`~+=$%^{}é例。")))
def test_text_without_anything_like_a_link_is_unchanged(text: str):
    assert guard(text) == text.lstrip()
    assert guard(*text) == text.lstrip()


@given(texts, st.data())
@example("[\r[", None)
@example("https://known.example/a`", None)
@example("https://known.example/a[x](https://known.example/a)", None)
@example("sub/b.md．https://evil.com/x", None)
@example("//`evil.com", None)
def test_no_link_leads_out_and_the_pieces_make_no_difference(text: str, data: st.DataObject | None):
    shown = guard(text)
    for form in (shown, shown.strip()):
        assert [link for link in find_links(form) if not KNOWN.is_known(link)] == []
    assert guard(*text) == shown
    if data is not None:
        cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
        edges = [0, *cuts, len(text)]
        assert guard(*(text[a:b] for a, b in itertools.pairwise(edges))) == shown


@given(texts)
def test_a_checked_text_is_not_changed_again(text: str):
    once = check_links(text, KNOWN)
    assert check_links(once, KNOWN) == once


def test_text_is_not_held_back_longer_than_needed():
    guard = LinkGuard(KNOWN)
    assert guard.feed("Milvus stores data ") == "Milvus stores data "
    assert guard.feed("in S3 [1]. It `calls x` ") == "in S3 [1]. It `calls x` "
    assert guard.feed("and 数据。") == "and 数据。"
    assert guard.feed("[a](https://known") == ""
    assert guard.feed(".example/a) ") == "[a](https://known.example/a) "
    assert guard.feed("and evil.com ") == "and evil.\u200bcom "
    assert guard.feed("and `[b](https://evil.com) ") == "and "
    assert guard.feed("`\n\n") == "`[b](https://evil.com) `\n\n"
    assert guard.feed("a [b ") == "a "
    assert guard.feed("c\n\nNext ") == "[b c\n\nNext "


HONEST = {
    "Chinese": "数据存储在段中，并定期压缩。[1]要加载集合，请调用`load`，版本2.4支持它。"
    "参见config.yaml文件，默认值为0.5秒[2]。**注意**：如果x<5时，见[a](https://known.example/a)！",
    "Chinese without a stop": "数据存储在段中并定期压缩[1]要加载集合请调用`load`方法版本2.4支持",
    "Japanese": "データは保存されます。[1]読むには、`load()`を呼ぶ。2.4では[2]。「値」は3/4だ。",
    "Korean": "데이터는 세그먼트에 저장됩니다.[1]컬렉션을 로드하려면 `load()`를 호출하세요[2].",
    "Thai": "ข้อมูลถูกเก็บไว้ในเซกเมนต์[1]และถูกบีบอัดเป็นระยะ`load()`รุ่น2.4แล้วตรวจสอบ[2]",
    "Lao": "ຂໍ້ມູນຖືກເກັບໄວ້ໃນພາກສ່ວນ[1]ແລະຖືກບີບອັດເປັນໄລຍະ`load()`[2]",
    "Khmer": "ទិន្នន័យត្រូវបានរក្សាទុកក្នុងផ្នែក[1]ហើយត្រូវបានបង្រួម`load()`[2]",
    "Burmese": "ဒေတာကိုအပိုင်းများတွင်သိမ်းဆည်းထားသည်[1]ထို့နောက်`load()`[2]",
}


@pytest.mark.parametrize("name", HONEST)
def test_text_without_spaces_comes_as_it_is_written(name: str):
    guard, text, shown = LinkGuard(KNOWN), HONEST[name] * 12, ""
    for length, sign in enumerate(text, start=1):
        shown += guard.feed(sign)
        assert length - len(shown) <= 80
    assert shown + guard.flush() == text


NAMES = ["evil.com", "例子.中国", "中国．中国", "例｡com", "s.evil.网络", "me@例子.中国", "ไทย.ไทย"]
HIDDEN_DOTS = [
    "evil&#46;中国",
    "evil\\.中国",
    "evil.**中国**",
    "**evil**&period;中国",
    "evil.\u200b中国",
]
_LIVE = re.compile(r"(?:com|中国|网络|ไทย)(?!\w)")


@given(
    st.lists(
        st.sampled_from([*NAMES, *HIDDEN_DOTS, "https://evil.com/数据", "www.例子.中国"])
        | st.sampled_from(["数据", "。", "，", "（", "）", "[1]", "`", "**", " ", "2.4", "&"]),
        max_size=12,
    ).map("".join)
)
@example("(" * 1993 + "evil.co" + "m 数据")
@example("数据" * 300 + "。evil.中国。")
def test_no_name_in_text_without_spaces_is_live(text: str):
    shown = guard(*text)
    assert guard(text) == shown
    for words in (*find_words(shown), *find_words(shown.strip())):
        bare = re.sub(r"[*_~]", "", words)
        ends = [bare[: match.start()] for match in _LIVE.finditer(bare)]
        assert [end for end in ends if re.search(r"\w[.．｡]\Z", end)] == []
        assert "https://e" not in bare


def test_known_addresses_are_those_of_every_passage():
    first = make_passage("See [one](https://first.example).")
    last = make_passage("See [two](https://last.example) and [b](sub/b.md).", position=9)
    known = KnownAddresses.of([first, *PASSAGES, last])
    for address in (
        "https://known.example/a#part",
        "https://known.example/a",  # the same page
        "https://docs.example/en/storage.md",  # of the passages themselves
        "https://first.example",  # only in the first of them
        "https://last.example",
    ):
        text = f"See [the page]({address}) [1]."
        assert check_links(text, known) == text


TABLE = "| a | b |\n|---|---|\n", "| metadata.name{} | < 1 | Named user.name [1] |\n"
LONG = {
    "table": TABLE,
    "table in a quotation": tuple("> " + part.replace("\n|", "\n> |") for part in TABLE),
    "table with a bracket": (TABLE[0], "| metadata.name{} | [0, 5) |\n"),
    "list": ("", "- item {} of user.name with `a.b.c` [1]\n"),
    "list in a list": ("* one\n", "  - item {} of user.name with a.b.c [1]\n"),
    "paragraph": ("", "See [a](https://known.example/a) for user.name {} [1]. "),
    "lines": ("", "user.name and a <br> {}\n"),
    "references": ("", "Kept {} [a][1]. "),
    "code": ("```\n", "user.name = a[{}](x) < 1\n"),
    "HTML": ("<div>\n", "<b>user.name</b> {}\n"),
    "Chinese": ("", "数据存储在段中，并定期压缩。要加载集合{}，请调用方法。[1]"),
    "Chinese with names": ("", "访问evil.com或者例子.中国{}。参见config.yaml文件（`a.b`）。[1]"),
    "Chinese without a stop": ("", "数据user.name存储在段中例子.中国并定期压缩+版.本{}"),
    "Japanese": ("", "データはセグメントに保存されます。config.yamlを{}編集します[2]。"),
    "Thai": ("", "ข้อมูลถูกเก็บไว้ในเซกเมนต์[1]และถูกบีบอัดuser.nameไทย{}"),
}


@pytest.mark.parametrize("name", LONG)
def test_the_work_grows_as_the_text_does(name: str, monkeypatch: pytest.MonkeyPatch):
    work, read = [0], MarkdownReader.read

    def count(self: MarkdownReader, text: str) -> MarkdownMap:
        work[0] += len(text)
        return read(self, text)

    def count_names(self: KnownAddresses, text: str) -> Iterator[Address]:
        work[0] += len(text)
        return find_unknown(self, text)

    find_unknown = KnownAddresses.find_unknown
    monkeypatch.setattr(KnownAddresses, "find_unknown", count_names)
    monkeypatch.setattr(MarkdownReader, "read", count)
    counts = []
    for rows in (50, 100, 200):
        head, row = LONG[name]
        text = head + "".join(row.format(number) for number in range(rows))
        work[0] = 0
        guard(*(text[at : at + 7] for at in range(0, len(text), 7)))
        counts.append(work[0])
        assert work[0] <= 50 * len(text)
    assert counts[2] <= 2.5 * counts[1] <= 2.5 * 2.5 * counts[0]


@pytest.mark.parametrize("name", ["table", "table in a quotation", "list", "list in a list"])
def test_rows_and_items_come_as_soon_as_they_are_complete(name: str):
    guard = LinkGuard(KNOWN)
    head, row = LONG[name]
    guard.feed(head)
    shown = [guard.feed(row.format(number)).replace("\u200b", "") for number in range(60)]
    assert shown[1:] == [row.format(number) for number in range(1, 60)]


@pytest.mark.parametrize(
    "text", ["a\r```\r\r[x](https://a.example)", "- a\r  ```\r  b\r\n[x](y)\r"]
)
def test_any_line_end_is_read(text: str):
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    assert show_hosts(text) == keep_links(f"{text}\r", text).rstrip("\n") + "\n" * unified.endswith(
        "\n"
    )
