"""Text files: which files may be text, and how their text reads; pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from bot.types import SharedFile

_TEXT_TYPE = re.compile(
    r"""text/|message/|application/(?:
        json|ld\+json|x-ndjson|xml|(?:x-)?yaml|toml|(?:x-)?javascript|typescript|sql|x-sh|x-python
        |x-httpd-php|octet-stream
    )""",
    re.VERBOSE,
)
"""Beginnings of media types; a file of bytes is looked at, because logs come as such."""

_BINARY_NAME = re.compile(
    r"""\.(?:7z|a|apk|avi|bin|bmp|bz2|class|db|dll|dmg|docx?|ear|exe|gz|heic|iso|jar|key|mkv|mov
        |mp3|mp4|msi|o|odp|ods|odt|ogg|pages|parquet|pdf|pkl|pptx?|pyc|rar|rpm|so|sqlite|tar|tgz
        |tiff?|war|wav|webm|whl|xlsx?|xz|zip|zst)$""",
    re.VERBOSE | re.IGNORECASE,
)
_TEXT_NAME = re.compile(
    r"""\.(?:bash|c|cfg|cnf|conf|cpp|cs|csv|diff|env|err|go|h|hpp|ini|java|js|jsonl?|kt|log|lua|md
        |ndjson|out|patch|php|properties|proto|py|r|rb|rs|rst|scala|sh|sql|swift|toml|trace|ts|tsv
        |txt|xml|ya?ml)(?:\.\d+)?$""",
    re.VERBOSE | re.IGNORECASE,
)
"""Names of text files, and of logs that were rotated."""

_ENCODINGS = ["cp1252", "cp1251", "koi8_r", "cp932", "gb18030", "euc_kr"]
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_LAYOUT = "\t\n\r\f\x1b\x08"  # what logs hold beside text: escapes of colours, overstrikes
_MOST_CONTROLS = 0.02


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file, and whether its middle was left out."""

    text: str
    is_shortened: bool = False


def is_likely_text(file: SharedFile) -> bool:
    """Return whether the name or media type may be a text's."""
    if not file.url or _BINARY_NAME.search(file.name):
        return False
    is_text_type = not file.media_type or _TEXT_TYPE.match(file.media_type) is not None
    return is_text_type or _TEXT_NAME.search(file.name) is not None


def decode_ends(head: bytes, tail: bytes, *, omitted: int) -> FileText | None:
    """Return the text of a file's beginning and end.

    Args:
        head: the first bytes of the file.
        tail: the last bytes; empty if the file ends with `head` or its end was not read.
        omitted: number of bytes that were left out.

    Returns:
        The text, with a line where something was left out; None if the file is binary.
    """
    encoding = _find_encoding(head)
    if encoding is None:
        return None
    text = _decode(head, encoding)
    if not omitted:
        text = _decode(head + tail, encoding)
    elif tail:
        text = f"{text}\n… ({omitted:,} bytes left out) …\n{_decode(tail, encoding)}"
    else:
        text = f"{text}\n… (the other {omitted:,} bytes or more were not read)"
    return FileText(text.strip("\ufeff\n"), is_shortened=bool(omitted))


def render_file(file: SharedFile, text: FileText | None) -> str:
    """Return a file's name and its text for the LLM."""
    if text is None:
        return f"File {file.name}: not read"
    return f"File {file.name}:\n{text.text}" if text.text.strip() else f"File {file.name}: empty"


def _find_encoding(head: bytes) -> str | None:
    """Return the encoding of a text; None for binary data."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        return None
    sample = _decode(head, "utf-8")
    if sample.count("\ufffd") > 2 + len(sample) // 1_000:
        guess = from_bytes(head, cp_isolation=_ENCODINGS).best()
        return guess.encoding if guess else None
    controls = sum(letter < " " and letter not in _LAYOUT for letter in sample)
    return None if controls > _MOST_CONTROLS * len(sample) else "utf-8"


def _decode(data: bytes, encoding: str) -> str:
    """Return the text of bytes with characters cut at the ends."""
    return data.decode(encoding, errors="replace").strip("\ufffd").replace("\r\n", "\n")
