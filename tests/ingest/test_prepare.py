from __future__ import annotations

from ingest.prepare import prepare
from ingest.sources.base import RawFile, Source, SourceFiles


def pages(**files: bytes):
    raw = tuple(RawFile(path, f"https://x/{path}", data) for path, data in sorted(files.items()))
    return prepare(SourceFiles(Source("docs", "docs"), raw, ("before: failed",)))


def test_plain_pages():
    found = pages(**{"a.md": b"# A", "logo.png": b"\x89"})
    assert found.failures == ("before: failed",)
    assert [(page.path, page.text) for page in found.pages] == [("a.md", "# A")]


def test_invalid_utf8_is_read_and_reported():
    found = pages(**{"a.md": "Naïve text, long enough to be prose.".encode("latin-1")})
    assert found.pages[0].text == "Na\ufffdve text, long enough to be prose."
    assert "a.md: not valid UTF-8 in 1 places" in found.failures[1]


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
