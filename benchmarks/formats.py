"""Formats: what docent reads of trees of documentation, against what their makers build.

    python -m benchmarks.formats --trees DIR

Each folder in DIR is a tree. Where `<tree>.site` lies beside it, that is the site its maker built:
words and anchors are compared with its pages. `--anchors TREE=NAME` gives a tree the option
`anchors`. A section's anchor is wrong if no element of the built page has it as its id. Recall is
the part of the words of built pages that docent has, and extra the part of docent's words that
they don't have.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from ingest.documents import Document, Page, PageError
from ingest.formats import is_wanted, read_document
from ingest.loading.chunker import Chunker
from ingest.loading.pages import prepare_pages
from ingest.sources.directory import read_directory
from ingest.sources.source import Source

_WORD = re.compile(r"\w+")
_TARGET = re.compile(r"\]\([^()\s]*\)|<https?://[^<>\s]*>")
_FENCE = re.compile(r"^[ \t>]*(```+|~~~+).*?^[ \t>]*\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+).+?\1", re.DOTALL)
_UNRESOLVED = re.compile(r"(?<![\]\\])\[[^\[\]\n]+\]\[[^\[\]\n]*\]")
_MAIN = ("main article", "article", "main", "[role=main]", "div.body", "div.content", "body")
_AROUND = (
    "script, style, nav, header nav, footer, template, svg, noscript, button, a.headerlink, "
    "a.header-anchor, .toc, .sr-only, .visually-hidden, .linenos"
)


_BLOCKS = (
    *("address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "div", "dl"),
    *("dt", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "label", "li", "ol"),
    *("p", "pre", "section", "summary", "table", "td", "th", "thead", "tr", "ul"),
)


class _Words:
    """Counts words in place of a model's tokens."""

    max_tokens = 512

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the numbers of words of some texts."""
        return [len(_WORD.findall(text)) for text in texts]


@dataclass
class _Measure:
    """What was counted in one tree."""

    pages: int = 0
    chunks: int = 0
    without_text: int = 0
    unresolved: int = 0
    built: int = 0
    anchors: int = 0
    wrong: list[str] = field(default_factory=list)
    ours: Counter[str] = field(default_factory=Counter)
    theirs: Counter[str] = field(default_factory=Counter)
    common: int = 0

    def summarise(self, show: int) -> dict[str, Any]:
        """Return the figures."""
        found: dict[str, Any] = {
            "pages": self.pages,
            "chunks": self.chunks,
            "pages_without_text": self.without_text,
            "unresolved_links": self.unresolved,
        }
        if self.built:
            found |= {
                "built_pages": self.built,
                "recall": round(self.common / max(self.theirs.total(), 1), 4),
                "extra": round(1 - self.common / max(self.ours.total(), 1), 4),
                "anchors": self.anchors,
                "wrong_anchors": len(self.wrong),
            }
        return found | ({"wrong": self.wrong[:show]} if show else {})


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=Path, required=True, help="Folder of the trees.")
    parser.add_argument("--anchors", action="append", default=[], metavar="TREE=NAME")
    parser.add_argument("--show", type=int, default=0, help="Wrong anchors to print of each tree.")
    chosen = parser.parse_args(argv)
    anchors = dict(each.split("=", 1) for each in chosen.anchors)
    print(json.dumps(measure_trees(chosen.trees, anchors, show=chosen.show), indent=2))


def measure_trees(folder: Path, anchors: Mapping[str, str], *, show: int = 0) -> dict[str, Any]:
    """Measure all trees of a folder.

    Args:
        folder: holds the trees, and the sites built of them.
        anchors: the option `anchors` of some trees.
        show: how many wrong anchors to list.

    Returns:
        the figures by the trees' names.
    """
    trees = [each for each in sorted(folder.iterdir()) if each.is_dir() and each.suffix != ".site"]
    return {
        tree.name: _measure_tree(tree, anchors.get(tree.name, "")).summarise(show) for tree in trees
    }


def _measure_tree(tree: Path, anchors: str) -> _Measure:
    source = Source(tree.name, str(tree), anchors=anchors)
    pages = prepare_pages(read_directory(source, is_wanted=is_wanted)).pages
    chunker, measure = Chunker(_Words()), _Measure()
    site = tree.with_name(f"{tree.name}.site")
    built = _find_built_pages(pages, site) if site.is_dir() else {}
    for page in pages:
        try:
            document = read_document(page)
        except PageError:
            continue
        chunks = [chunk.text for chunk in chunker.split_document(document)]
        measure.pages += 1
        measure.chunks += len(chunks)
        measure.without_text += not chunks
        measure.unresolved += sum(
            len(_UNRESOLVED.findall(_CODE.sub("", _FENCE.sub("", text)))) for text in chunks
        )
        if page.path in built:
            _compare(measure, page, document, built[page.path].read_text(errors="replace"))
    return measure


def _compare(measure: _Measure, page: Page, document: Document, html: str) -> None:
    """Compare a page with what its maker built of it."""
    soup = BeautifulSoup(html, "lxml")
    ids = set(_list_ids(soup))
    anchors = dict.fromkeys(section.anchor for section in document.sections if section.anchor)
    measure.built += 1
    measure.anchors += len(anchors)
    measure.wrong += [f"{page.path}#{anchor}" for anchor in anchors if anchor not in ids]
    parts = (
        part
        for section in document.sections
        for part in (*section.headings[-1:], *(block.text for block in section.blocks))
    )
    ours = Counter(_WORD.findall(_TARGET.sub("]", "\n".join(parts)).lower()))
    theirs = Counter(_WORD.findall(_extract_text(soup).lower()))
    measure.ours += ours
    measure.theirs += theirs
    measure.common += (ours & theirs).total()


def _list_ids(soup: BeautifulSoup) -> Iterator[str]:
    for tag in soup.find_all(id=True):
        yield str(tag["id"])
    for tag in soup.find_all("a", attrs={"name": True}):
        yield str(tag["name"])


def _extract_text(soup: BeautifulSoup) -> str:
    """Return the text of a page's main part."""
    main = next(filter(None, map(soup.select_one, _MAIN)), soup)
    for tag in main.select(_AROUND):
        tag.decompose()
    for tag in main.find_all(_BLOCKS):
        tag.insert_before("\n")
        tag.insert_after("\n")
    return main.get_text()


def _find_built_pages(pages: Iterable[Page], site: Path) -> dict[str, Path]:
    """Return the built pages by the paths of their sources.

    They lie where the address of the page says, or else its path. In front of it may stand folders
    of the tree or the address that the site does not have: those that most pages agree on.
    """
    files = {file.relative_to(site).as_posix() for file in site.rglob("*.html")}
    found = dict[str, Path]()
    places = [
        {page.path: _split_address(page.url) for page in pages if "://" in page.url},
        {page.path: PurePosixPath(page.path).with_suffix("").parts for page in pages},
    ]
    for paths in places:
        folders = {parts[:depth] for parts in paths.values() for depth in range(min(len(parts), 6))}
        matches = [_match(paths, folder, files) for folder in sorted(folders)]
        best = max(matches, key=len, default={})
        found = {path: site / file for path, file in best.items()} | found
    return found


def _split_address(url: str) -> tuple[str, ...]:
    path = unquote(urlsplit(url).path).strip("/")
    return PurePosixPath(re.sub(r"\.html?$", "", path)).parts


def _match(
    paths: Mapping[str, tuple[str, ...]], folder: tuple[str, ...], files: set[str]
) -> dict[str, str]:
    """Return the built files of the pages below a folder."""
    found = {}
    for path, parts in paths.items():
        if parts[: len(folder)] != folder:
            continue
        below = parts[len(folder) :]
        is_index = below[-1:] and below[-1].lower() in {"index", "readme", "_index"}
        above = "/".join(below[:-1] if is_index else below)
        names = (f"{'/'.join(below)}.html", f"{above}/index.html".lstrip("/"))
        file = next((name for name in names if name in files), "")
        if file:
            found[path] = file
    return found


if __name__ == "__main__":
    main()
