"""Files of a source that docent has no reader for, counted by suffix for the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import PurePosixPath

from ingest.sources import Source
from ingest.sources.source import is_hidden
from rag_core.english import format_count

MOST_KINDS = 10
"""Suffixes that the line names; the rest are counted."""

_SUFFIX = re.compile(r"\.[a-z][a-z0-9_+-]{0,15}")
_PICTURES = (
    "ai avif bmp cur eps gif heic heif icns ico jfif jpeg jpg png psd svg svgz tif tiff webp"
)
_MEDIA = "aac avi cast flac m4a m4v mkv mov mp3 mp4 mpeg mpg oga ogg ogv opus srt vtt wav webm wmv"
_FONTS = "eot fon otf pfb ttc ttf woff woff2"
_STYLES = "css less pcss sass scss styl"
_SCRIPTS = (
    "bash bat c cc cjs clj cljs cmd cpp cs csx cts cxx dart el erl ex exs fish fs fsx go groovy h "
    "hh hpp hrl hs hxx java jl js jsx kt kts lua m mjs ml mli mm mts nim pas php pl pm proto ps1 "
    "psm1 py pyi pyx r rb rs sc scala sh sol sql swift t tcl thrift ts tsx v vb vhd vim zig zsh"
)
_BUILD_FILES = (
    "7z a bak bazel bib bin br bz2 bzl cert cfg class cmake conf crt csl db deb dll doctree "
    "dockerfile dylib editorconfig ejs eml env erb exe gem gemspec gradle graphql gz haml hbs hcl "
    "in info ini inv iso j2 jar jinja jinja2 json json5 jsonc jsonl key lib liquid lock log make "
    "map mk mo mod msi mustache nix njk o orig patch diff pem pickle pid pkl plist po pot "
    "properties pug rar rpm sha256 sig slim snap so sqlite sum sum256 svelte-kit tar tf tfvars tgz "
    "tmp toml tpl tmpl twig wasm webmanifest whl xpi xz yaml yml zip zst"
)
_OF_NO_INTEREST = frozenset(
    f".{name}"
    for names in (_PICTURES, _MEDIA, _FONTS, _STYLES, _SCRIPTS, _BUILD_FILES)
    for name in names.split()
)
"""Suffixes of files whose text no reader of a documentation looks for on a page of its own.

They are pictures, sound and films, fonts, style sheets, code, and settings and products of a
build. A page that shows such a file includes it.
"""


class LeftOutFiles:
    """Counts the files of a source that docent has no reader for.

    Files without a suffix, hidden ones, and those that the options of the source keep out are not
    counted.

    Args:
        source: the source.
        is_wanted: returns whether docent reads a file, by its path.
    """

    def __init__(self, source: Source, is_wanted: Callable[[str], bool]) -> None:
        self._source = source
        self._is_wanted = is_wanted
        self._counts: Counter[str] = Counter()

    def check(self, path: str) -> bool:
        """Return whether docent reads a file; count it if not."""
        if self._is_wanted(path):
            return True
        suffix = PurePosixPath(path).suffix.lower()
        is_kind = bool(_SUFFIX.fullmatch(suffix)) and suffix not in _OF_NO_INTEREST
        if is_kind and not is_hidden(path) and self._source.is_path_selected(path):
            self._counts[suffix] += 1
        return False

    def describe(self) -> str:
        """Return the files by count and suffix; empty if there are none."""
        kinds = sorted(self._counts.items(), key=lambda kind: (-kind[1], kind[0]))
        if not kinds:
            return ""
        named = [f"{count:,} {suffix}" for suffix, count in kinds[:MOST_KINDS]]
        if others := sum(count for _, count in kinds[MOST_KINDS:]):
            named.append(f"{others:,} of other kinds")
        files = format_count(self._counts.total(), "file")
        kind = "a kind" if len(kinds) == 1 else "kinds"
        return f"{files} of {kind} that docent doesn't read: {', '.join(named)}"
