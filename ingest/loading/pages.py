"""Pages from the files of a source: decoded, with their variables filled in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from charset_normalizer import from_bytes

from ingest.documents import Page, SourcePages
from ingest.formats import (
    BINARY,
    MAX_BYTES,
    MAX_FILE_BYTES,
    TEMPLATES,
    detect_format,
    is_possible_specification,
)
from ingest.includes.additions import find_additions
from ingest.includes.filling import fill_includes
from ingest.includes.variables import Variables
from ingest.loading.specifications import SpecificationPages
from ingest.sites.detection import find_sites
from ingest.sites.links import resolve_page_links
from ingest.sites.placeholders import Placeholders
from ingest.sites.site import Site
from ingest.sources.source import RawFile, SourceFiles
from ingest.spool import Content, Keeper, StoredFiles, StoredTexts, read_content

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_HEAD = 2_048  # bytes at the start of a page that may name its encoding
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TEXT_CODECS = (
    *("ascii", "big5", "cp", "euc", "gb", "iso2022", "iso8859", "johab", "koi8", "mac", "ptcp"),
    *("shift_jis", "tis", "utf-8"),
)
"""Encodings of pages by the beginnings of their names; Python's `codecs` has others, too."""

_GUESS_BYTES = 200_000
_MAX_PATH_BYTES = 1_000
_BINARY = "this looks like a binary file; left out"
_ENCODINGS = ["cp1252", "cp1251", "koi8_r", "cp932", "gb18030", "euc_kr"]
"""Encodings of pages that are not UTF-8; with more to choose from, short pages are misread."""


def prepare_pages(source_files: SourceFiles) -> SourcePages:
    """Decode the files of a source; fill in variables and includes."""
    source, failures = source_files.source, list(source_files.failures)
    unread: list[str] = []
    files = _select_sound_files(source_files.files, failures, unread)
    keep = source_files.keep
    texts = StoredFiles(dict(_decode_files(files, failures, keep)))
    # The pages of a website have their includes.
    own: Mapping[str, bytes] = {} if source.resolved_kind == "website" else texts
    sites = find_sites(source_files)
    additions = find_additions(sites.found, source_files.folder, own.keys())
    filled = fill_includes(own, source_files.read_others, _decode_other, additions, keep)
    variables = Variables(files, failures)
    failures += filled.failures
    placeholders = Placeholders(sites, files)
    holders = set(filled.whole.values())
    on_sites = {
        file.path for file in files if file.path in holders and sites.find_traits(file).site
    }
    pages, places = list[Page](), dict[str, Site]()
    for file in files:
        kind = detect_format(file.path, file.media_type)
        content = filled.texts.contents.get(file.path, texts.contents.get(file.path))
        if content is None and kind in BINARY:
            content = file.content
        if content is not None and file.path not in filled.partials:
            traits = sites.find_traits(file)
            if traits.site is None and filled.whole.get(file.path) in on_sites:
                continue  # it is on the site as a part of another page
            if kind not in BINARY:
                data = read_content(content)
                text = placeholders.fill(file, traits.site, data)
                text = variables.fill(file.path, text) if kind in TEMPLATES else text
                content = content if text == data else keep(text)
            page = Page(
                source=source.name,
                path=file.path,
                url=traits.url,
                content=content,
                media_type=file.media_type,
                version=traits.version,
                language=traits.language,
                anchors=traits.anchors,
                maker=traits.maker,
            )
            pages.append(page)
            if traits.site:
                places[file.path] = traits.site
    pages += SpecificationPages(source_files, failures, unread).build()
    return SourcePages(
        source.name,
        tuple(
            _keep_links(page, keep)
            for page in resolve_page_links(pages, places, source_files.folder)
        ),
        tuple(failures),
        (*source_files.unread, *unread),
        sites.describe(),
    )


def _select_sound_files(
    files: Sequence[RawFile], failures: list[str], unread: list[str]
) -> list[RawFile]:
    """Return the files that are not too large to read.

    Their paths are short enough to be stored. A large page that is left out counts as unread, so
    that the index keeps what it has of it.
    """
    sound = []
    for file in files:
        limit = MAX_FILE_BYTES if detect_format(file.path, file.media_type) in BINARY else MAX_BYTES
        if len(file.path.encode(errors="replace")) > _MAX_PATH_BYTES:
            failures.append(f"{file.path[:100]}…: its path is too long; left out")
        elif file.size > limit and not _is_specification_alone(file):
            failures.append(f"{file.path}: is larger than {limit // 10**6} MB; left out")
            unread.append(file.path)
        else:
            sound.append(file)
    return sound


def _is_specification_alone(file: RawFile) -> bool:
    """Return True for a description of an API, and no document."""
    kind = detect_format(file.path, file.media_type)
    return not kind and is_possible_specification(file.path, file.media_type)


def _keep_links(page: Page, keep: Keeper) -> Page:
    """Return a page whose links lie beside its text."""
    if isinstance(page.content, bytes) or not (page.links or page.link_titles):
        return page
    links, titles = (StoredTexts(each, keep) for each in (page.links, page.link_titles))
    return replace(page, links=links, link_titles=titles)


def _decode_files(
    files: Sequence[RawFile], failures: list[str], keep: Keeper
) -> Iterator[tuple[str, Content]]:
    """Yield path and text in UTF-8 of the documents that are text."""
    for file in files:
        kind = detect_format(file.path, file.media_type)
        if kind and kind not in BINARY:
            data = file.data
            text = _decode_file(file, data, kind, failures)
            if text is not None:
                yield file.path, file.content if text == data else keep(text)


def _decode_other(data: bytes) -> str | None:
    return _decode(data, "")[0]


def _decode_file(file: RawFile, data: bytes, kind: str, failures: list[str]) -> bytes | None:
    """Return the file as UTF-8.

    Returns None, with a line added to `failures`, if the file is broken.
    """
    text, note = _decode(data, _find_encoding(file, data, kind))
    if note:
        failures.append(f"{file.path}: {note}")
    if text is None:
        return None
    if not text.strip():
        failures.append(f"{file.path}: the page is empty")
    return text.encode(errors="replace")


def _find_encoding(file: RawFile, data: bytes, kind: str) -> str:
    """Return the encoding that a page or its server names.

    Returns an empty text if neither names one that Python knows.
    """
    head = data[:_HEAD].decode("ascii", errors="replace") if kind == ".html" else ""
    match = _CHARSET.search(file.media_type) or _CHARSET.search(head)
    try:
        name = codecs.lookup(match[1]).name if match else ""
    except LookupError:
        return ""
    if not name.startswith(_TEXT_CODECS):
        return ""
    # As browsers do: https://encoding.spec.whatwg.org/#names-and-labels
    return "cp1252" if name in {"iso8859-1", "ascii"} else name


def _decode(data: bytes, declared: str) -> tuple[str | None, str]:
    """Return the text, None for a binary file, and a note.

    The note is for the report; it is mostly empty.
    """
    # 1. Try UTF-16 with its mark, or else UTF-8.
    has_mark = data.startswith(_UTF16_MARKS)
    text = data.decode("utf-16" if has_mark else "utf-8-sig", errors="replace")
    broken = text.count("\ufffd") - data.count("\ufffd".encode())
    if "\0" in text:
        return None, _BINARY
    if broken <= 0:
        return text, ""
    if has_mark or _is_mostly_utf8(text, broken):
        kind = "UTF-16" if has_mark else "UTF-8"
        return text, f"not valid {kind} in {broken} places; read, with \ufffd in their stead"
    # 2. Trust the encoding that the page names.
    if declared and not declared.startswith("utf"):
        return data.decode(declared, errors="replace"), ""
    # 3. Guess.
    guess = from_bytes(data[:_GUESS_BYTES], cp_isolation=_ENCODINGS).best()
    if guess is None:
        return None, _BINARY
    text = str(guess) if len(data) <= _GUESS_BYTES else data.decode(guess.encoding, "replace")
    return text, f"not UTF-8; read as {guess.encoding}"


def _is_mostly_utf8(text: str, broken: int) -> bool:
    """Return True if more letters beyond ASCII are whole than broken.

    In a text of another encoding, hardly any such letter is whole.
    """
    return sum(letter > "\x7f" and letter != "\ufffd" for letter in text) > broken
