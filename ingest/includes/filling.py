"""Filling in: pages with the text of the files that they include, within limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ingest.includes.additions import NO_ADDITIONS, Additions
from ingest.includes.allowance import MAX_ALL_INCLUDED, Allowance
from ingest.includes.finders import find_marks, has_signs
from ingest.includes.library import MAX_NESTED, Decoder, Library
from ingest.includes.marks import KeptMarkError, Mark, MarkedText, MissingPartError
from ingest.includes.partials import find_partials
from ingest.includes.relative_links import move_links
from ingest.includes.rendering import strip_front_matter
from ingest.sources.address.file_names import format_name
from ingest.sources.source import FileReader
from ingest.spool import Keeper, StoredFiles, keep_in_memory
from rag_core.english import format_count

MAX_FAILURES = 100
"""Lines of the report about the includes of a source."""

MAX_PAGE_FAILURES = 10
"""Of these, lines about the includes of one file."""

_WITH_LINKS = {".md", ".mdx", ".markdown"}


@dataclass(frozen=True, slots=True)
class FilledPages:
    """The pages of a source with their includes.

    Attributes:
        texts: the pages that have changed, in UTF-8 by path.
        partials: the paths of files that are not pages of their own.
        failures: lines for the report.
        whole: pages by the files that stand on them from their beginning to their end.
    """

    texts: StoredFiles
    partials: frozenset[str]
    failures: tuple[str, ...] = ()
    whole: Mapping[str, str] = field(default_factory=dict)


def fill_includes(
    documents: Mapping[str, bytes],
    read_others: FileReader,
    decode: Decoder,
    additions: Additions = NO_ADDITIONS,
    keep: Keeper = keep_in_memory,
) -> FilledPages:
    """Fill in the includes of a source's pages.

    Args:
        documents: the documents that are text, in UTF-8 by path.
        read_others: reads other files of the source, such as examples.
        decode: returns the text of a file in any encoding; None if it is none.
        additions: what the settings of sites add.
        keep: keeps the pages that have changed.

    Returns:
        the pages that have changed, and which files are only parts of others.
    """
    marked = [
        path for path, data in documents.items() if path in additions.texts or has_signs(path, data)
    ]
    library = Library(documents, read_others, decode, additions)
    library.collect(marked)
    filler = _Filler(library, additions.texts.keys())
    texts = StoredFiles({path: keep(data) for path, data in filler.fill_pages(marked)})
    partials = find_partials([*documents], filler.included)
    return FilledPages(
        texts, partials, (*additions.failures, *filler.list_failures()), filler.whole
    )


class _Filler:
    """Fills in page after page.

    Attributes:
        included: the files that each page or partial includes.
        whole: the first page of each file that is included from its beginning to its end.
    """

    def __init__(self, library: Library, additions: Collection[str]) -> None:
        self._library = library
        self._additions = additions
        self._allowance = Allowance()
        self._failures: dict[str, None] = {}
        self._counts: Counter[str] = Counter()
        self._more = 0
        self._page = ""
        self.included: dict[str, set[str]] = {}
        self.whole: dict[str, str] = {}

    def fill_pages(self, paths: Iterable[str]) -> Iterable[tuple[str, bytes]]:
        """Yield the pages that change."""
        for path in paths:
            if self._allowance.is_spent:
                break
            self._allowance.start_page()
            self._page = path
            text = self._library.decode_document(path)
            filled = self._fill(text, path, ())
            if filled is not text or path in self._additions:
                yield path, filled.encode(errors="replace")
            if self._allowance.is_spent:
                self._report(
                    f"{path}: includes and variables of the source add more than "
                    f"{MAX_ALL_INCLUDED // 10**6} MB; from here on they stay as they are"
                )

    def list_failures(self) -> tuple[str, ...]:
        """Return the lines for the report, at most `MAX_FAILURES` and one."""
        more = format_count(self._more, "further include", "further includes")
        return (*self._failures, *([f"{more} not filled in"] if self._more else ()))

    def _fill(self, text: str, path: str, above: tuple[str, ...]) -> str:
        """Return a text with its includes; itself without any."""
        marks, page = find_marks(path, text), MarkedText(path, text)
        pieces, end = list[str](), 0
        for mark in marks:
            pieces += (text[end : mark.start], self._show(mark, page, above))
            end = mark.end
        filled = "".join([*pieces, text[end:]])
        return text if filled == text else filled

    def _show(self, mark: Mark, page: MarkedText, above: tuple[str, ...]) -> str:
        """Return what stands in the place of a mark."""
        path, written = page.path, page.text[mark.start : mark.end]
        if mark.literal is not None:
            return mark.literal
        found = self._library.locate(mark, path)
        if not found:
            return self._show_missing(mark, path, written)
        if found in {path, *above} or len(above) >= MAX_NESTED:
            reason = "leads back to itself" if found in {path, *above} else "is nested too deeply"
            return self._report_mark(path, mark, reason)
        content = self._library.read(found)
        if content is None:
            return self._report_mark(path, mark, "is not text")
        if not self._allowance.take_include(len(content)):
            return self._stop(written)
        return self._render(mark, content, (page, found, above), written)

    def _render(
        self, mark: Mark, content: str, place: tuple[MarkedText, str, tuple[str, ...]], written: str
    ) -> str:
        page, found, above = place
        path = page.path
        try:
            part = mark.select(content)
            is_whole = strip_front_matter(content).strip() == strip_front_matter(part).strip()
            size = _measure(part)
            if self._allowance.take_bytes(size):
                if mark.is_filled:
                    part = self._move_links(part, found, mark, page)
                filled = self._fill(part, found, (*above, path)) if mark.is_filled else part
                shown = mark.wrap(filled)
                if self._allowance.take_bytes(max(_measure(shown) - _measure(filled), 0)):
                    self.included.setdefault(path, set()).add(found)
                    if is_whole and 2 * len(shown.strip()) >= len(part.strip()):
                        self.whole.setdefault(found, self._page)
                    return shown
        except MissingPartError as error:
            return self._report_mark(path, mark, f'has no "{format_name(str(error))}"')
        except KeptMarkError:
            return written
        return self._stop(written)

    def _move_links(self, part: str, found: str, mark: Mark, page: MarkedText) -> str:
        """Return a part whose links lead on from the page."""
        if PurePosixPath(found).suffix.lower() not in _WITH_LINKS:
            return part
        paths = self._library.documents
        moved = move_links(part, found, self._page, paths, is_beside=mark.is_beside)
        return part if moved == part or page.find_place(mark.start) else moved

    def _stop(self, written: str) -> str:
        """Report that the page includes too much; return that the mark stays."""
        self._report(f"{self._page}: includes more than docent fills in; the rest stays as it is")
        return written

    def _show_missing(self, mark: Mark, path: str, written: str) -> str:
        if mark.missing == "ignore":
            return written
        shown = self._report_mark(path, mark, "is not in the source")
        return written if mark.missing == "keep" else shown

    def _report_mark(self, path: str, mark: Mark, reason: str) -> str:
        """Report a mark; return that it shows nothing."""
        line = f'{path}: its include "{format_name(mark.target)}" {reason}'
        if line not in self._failures:
            self._counts[path] += 1
            if self._counts[path] <= MAX_PAGE_FAILURES:
                self._report(line)
            else:
                self._more += 1
        return ""

    def _report(self, line: str) -> None:
        if line in self._failures or len(self._failures) < MAX_FAILURES:
            self._failures[line] = None
        else:
            self._more += 1


def _measure(text: str) -> int:
    """Return the size of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))
