from __future__ import annotations

import random
import tracemalloc

import pytest

from ingest.loading.pages import prepare_pages
from ingest.sources.source import RawFile, Source, SourceFiles


def pages(**files: bytes):
    raw = tuple(RawFile(path, f"https://x/{path}", data) for path, data in sorted(files.items()))
    return prepare_pages(SourceFiles(Source("docs", "docs"), raw, ("before: failed",)))


def test_plain_pages():
    found = pages(**{"a.md": b"# A", "logo.png": b"\x89"})
    assert found.failures == ("before: failed",)
    assert [(page.path, page.text) for page in found.pages] == [("a.md", "# A")]


def test_broken_utf8_is_read_and_reported():
    found = pages(**{"a.md": "Größe und Übertrag".encode() + b"\xfc."})
    assert found.pages[0].text == "Größe und Übertrag\ufffd."
    assert "a.md: not valid UTF-8 in 1 places" in found.failures[1]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Naïve text, long enough to be prose."),
        ("cp1252", "¿Dónde está la configuración?"),
        ("cp1251", "Привет, мир"),
        ("cp1251", "# Установка: `docent index docs`, потом ждите."),
        ("koi8_r", "Установка выполняется одной командой. Затем запустите сервис."),
        ("cp932", "これは日本語の文書です。設定を変更してください。"),
        ("gb18030", "这是中文文档。请修改配置。"),
    ],
)
def test_another_encoding_is_read_and_named(encoding: str, text: str):
    found = pages(**{"a.md": text.encode(encoding)})
    assert found.pages[0].text == text
    assert found.failures[1:] == (f"a.md: not UTF-8; read as {encoding}",)


def test_bytes_in_no_encoding_are_binary():
    data = random.Random(1).randbytes(400).replace(b"\0", b"")
    found = pages(**{"a.md": data})
    assert found.pages == ()
    assert "a.md: this looks like a binary file" in found.failures[1]


def test_a_replacement_character_of_the_author_is_no_failure():
    assert pages(**{"a.md": "What does \ufffd mean?".encode()}).failures[1:] == ()


def test_binary_is_left_out_and_reported():
    found = pages(**{"a.md": bytes(range(256)), "b.md": b"b"})
    assert [page.path for page in found.pages] == ["b.md"]
    assert "a.md: this looks like a binary file" in found.failures[1]


def test_an_empty_page_is_reported():
    assert pages(**{"a.md": b" \n"}).failures[1:] == ("a.md: the page is empty",)


def test_byte_order_marks():
    found = pages(**{"a.md": b"\xef\xbb\xbf# A", "b.md": "# Ж".encode("utf-16")})
    assert [page.text for page in found.pages] == ["# A", "# Ж"]


def test_line_ends():
    assert pages(**{"a.md": b"a\r\nb\rc\n"}).pages[0].text == "a\nb\nc\n"


def test_variables_of_the_nearest_folder():
    found = pages(
        **{
            "en/Variables.json": b'{"version": "2.4", "n": 3, "list": [1]}',
            "en/faq/a.md": b"v{{var.version}} {{ n }} {{list}} {{unknown}}",
            "ru/b.md": b"{{var.version}}",
        }
    )
    assert [page.text for page in found.pages] == [
        "v2.4 3 {{list}} {{unknown}}",
        "{{var.version}}",
    ]


def test_broken_variables_are_reported():
    found = pages(**{"Variables.json": b"[1]", "a.md": b"{{x}}"})
    assert found.pages[0].text == "{{x}}"
    assert "Variables.json: not valid JSON" in found.failures[1]


def test_raw_markers_are_dropped():
    found = pages(**{"a.md": b"{% raw %}{{ .Values.x }}{%- endraw -%}"})
    assert found.pages[0].text == "{{ .Values.x }}"


def test_a_hash_changes_with_text_url_and_variables():
    def one(**files: bytes) -> str:
        return pages(**files).pages[0].content_hash

    plain = one(**{"a.md": b"x {{v}}"})
    assert one(**{"a.md": b"x {{v}}", "Variables.json": b'{"w": "1"}'}) == plain
    assert one(**{"a.md": b"x {{v}}", "Variables.json": b'{"v": "1"}'}) != plain
    assert one(**{"a.md": b"y {{v}}"}) != plain


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b'<meta charset="windows-1251">', ""),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', ""),
        (b"", "text/html; charset=windows-1251"),
    ],
)
def test_html_says_its_encoding(head: bytes, media_type: str):
    raw = RawFile("a.html", "", head + "<p>Жук".encode("cp1251"), media_type)
    found = prepare_pages(SourceFiles(Source("docs", "docs"), (raw,)))
    assert found.failures == ()
    assert found.pages[0].text.endswith("<p>Жук")
    assert found.pages[0].media_type == media_type


def test_an_encoding_that_does_not_exist_is_passed_over():
    raw = RawFile("a.html", "", b'<meta charset="nonsense"><p>Na\xefve text, long enough.')
    assert "Naïve" in prepare_pages(SourceFiles(Source("docs", "docs"), (raw,))).pages[0].text


def test_binary_formats_are_left_as_they_are():
    data = b"%PDF-1.7\0\xff {{x}}"
    found = pages(**{"a.pdf": data, "Variables.json": b'{"x": "1"}'})
    assert found.pages[0].data == data
    assert found.failures[1:] == ()


def test_only_markdown_and_text_have_blanks():
    source = b"{% raw %}{{x}}{% endraw %}"
    found = pages(**{"a.html": source, "b.md": source, "Variables.json": b'{"x": "1"}'})
    assert [page.data for page in found.pages] == [source, b"1"]


def test_pages_can_include_others():
    found = pages(
        **{
            "en/Variables.json": b'{"v": "2.4"}',
            "en/fragments/tail.md": b"Tail of {{v}}. {{fragments/tail.md}}",
            "en/faq/a.md": b"A. {{fragments/tail.md}} {{fragments/none.md}}",
            "ru/a.md": b"{{fragments/tail.md}}",
        }
    )
    assert {page.path: page.text for page in found.pages} == {
        "en/faq/a.md": "A. Tail of 2.4.  ",
        "ru/a.md": "",
    }
    assert found.failures[1:] == (
        'en/fragments/tail.md: its include "fragments/tail.md" leads back to itself',
        'en/faq/a.md: its include "fragments/none.md" is not in the source',
        'ru/a.md: its include "fragments/tail.md" is not in the source',
    )


def test_labels_of_the_source_are_the_pages():
    raw = RawFile("a.md", "", b"x")
    source = Source("docs", "docs", version="2.6", language="en")
    (page,) = prepare_pages(SourceFiles(source, (raw,))).pages
    (plain,) = prepare_pages(SourceFiles(Source("docs", "docs"), (raw,))).pages
    assert (page.version, page.language) == ("2.6", "en")
    assert page.content_hash != plain.content_hash


def test_what_is_included_is_read_in_its_own_encoding():
    text = "Naïve text, long enough to be prose."
    found = pages(**{"a.md": b"{{fragments/b.md}}", "fragments/b.md": text.encode("cp1252")})
    assert found.pages[0].text == text


def test_a_website_fills_in_its_includes_itself():
    raw = RawFile("a.md", "", b"{{b.md}}")
    source = Source("docs", "https://docs.example.com/", kind="website")
    found = prepare_pages(SourceFiles(source, (raw, RawFile("b.md", "", b"b"))))
    assert [page.data for page in found.pages] == [b"{{b.md}}", b"b"]


def test_a_partial_is_no_page_and_changes_the_hash_of_its_page():
    def one(part: bytes):
        return pages(**{"a.mdx": b"import P from './_p.mdx'\n\n<P />\n", "_p.mdx": part}).pages

    (page,), (changed,) = one(b"700 mails"), one(b"800 mails")
    assert "700 mails" in page.text
    assert page.content_hash != changed.content_hash


def test_a_page_in_utf8_is_the_file_itself():
    files = {"a.md": b"a {{none}}" * 10, "b.html": "ü".encode(), "c.txt": b"{{a.md}}"}
    for page in pages(**files).pages[:2]:
        assert page.data is files[page.path]


def test_pages_take_no_second_copy():
    files = {f"{n}.md": b"x" * 10**6 for n in range(20)}
    tracemalloc.start()
    try:
        found = pages(**files)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.pages) == 20
    assert kept < 10**6


def test_a_file_that_its_site_shows_only_as_a_part_is_no_page():
    config = b"import { defineConfig } from 'vitepress'\nexport default {srcDir: 'docs'}"
    whole = pages(
        **{
            ".vitepress/config.js": config,
            "docs/a.md": b"<!--@include: ../texts/b.md-->\n\n<!--@include: ../texts/c.md{1}-->\n",
            "texts/b.md": b"All of it.\n",
            "texts/c.md": b"The first line.\n\nThe last line.\n",
            "texts/d.md": b"Alone.\n",
        }
    )
    assert [page.path for page in whole.pages] == ["docs/a.md", "texts/c.md", "texts/d.md"]
    assert b"All of it." in whole.pages[0].data


def test_two_files_on_no_site_that_include_each_other_stay():
    config = b"export default {srcDir: 'docs'}"
    found = pages(
        **{
            ".vitepress/config.js": config,
            "docs/a.md": b"# A\n",
            "x.md": b"X <!--@include: ./y.md-->\n",
            "y.md": b"Y <!--@include: ./x.md-->\n",
        }
    )
    assert [page.path for page in found.pages] == ["docs/a.md", "x.md", "y.md"]
