"""Which shared files are text, and how they read."""

# ruff: noqa: RUF001  (Cyrillic letters)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.content.text_files import decode_ends, is_likely_text, render_file
from bot.types import SharedFile


def file(name: str, media_type: str = "", url: str = "https://files.slack.com/f") -> SharedFile:
    return SharedFile("F1", name, media_type, 10, url)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.log", ""),
        ("a", "text/plain"),
        ("a.yaml", "application/x-yaml"),
        ("syslog.1", "text/plain"),
        ("core.log.3", "application/x-foo"),
        ("Untitled", "application/json"),
        ("x.PY", "text/x-python"),
        ("dump", "application/octet-stream"),
    ],
)
def test_texts_and_logs_are_worth_a_look(name: str, media_type: str):
    assert is_likely_text(file(name, media_type))


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.pdf", "application/pdf"),
        ("a.zip", "application/zip"),
        ("a.mp4", "video/mp4"),
        ("logs.tar.gz", "application/octet-stream"),
        ("Run book", "application/vnd.slack-docs"),
        ("voice.m4a", "audio/mp4"),
    ],
)
def test_other_files_are_not(name: str, media_type: str):
    assert not is_likely_text(file(name, media_type))


def test_a_file_without_an_address_is_not_read():
    assert not is_likely_text(file("a.log", "text/plain", url=""))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_is_decoded(encoding: str):
    found = decode_ends("Größe 5\r\nОшибка\n".encode(encoding), b"", omitted=0)
    assert found is not None
    assert found.text == "Größe 5\nОшибка"
    assert not found.is_shortened


@pytest.mark.parametrize(
    "data", [b"\x7fELF\0\0\1", bytes(range(256)) * 4, b"\x89PNG\r\n\x1a\n\0\0"]
)
def test_binary_data_is_no_text(data: bytes):
    assert decode_ends(data, b"", omitted=0) is None


def test_a_log_with_colours_is_text():
    found = decode_ends(b"\x1b[31mERROR\x1b[0m no space\n" * 20, b"", omitted=0)
    assert found is not None


def test_a_long_file_says_what_is_left_out():
    found = decode_ends("a ä".encode()[:-1], "ß end".encode()[1:], omitted=12_345)
    assert found is not None
    assert found.text == "a \n… (12,345 bytes left out) …\n end"
    assert found.is_shortened
    head_only = decode_ends(b"start", b"", omitted=7)
    assert head_only is not None
    assert head_only.text == "start\n… (the other 7 bytes or more were not read)"


def test_a_file_is_named_whether_it_was_read_or_not():
    read = decode_ends(b"x", b"", omitted=0)
    assert render_file(file("a.log"), read) == "File a.log:\nx"
    assert render_file(file("a.pdf"), None) == "File a.pdf: not read"
    assert render_file(file("a.log"), decode_ends(b"", b"", omitted=0)) == "File a.log: empty"


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Co"])))
def test_any_utf8_text_reads_as_it_is(text: str):
    found = decode_ends(text.encode(), b"", omitted=0)
    assert found is not None
    assert found.text == text.strip("\ufeff\n\ufffd")
