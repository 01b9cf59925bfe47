"""How well docent reads the PDFs of a folder, compared with `pdftotext` of poppler.

    python -m benchmarks.pdf FOLDER

For each file: its words as pdftotext sees them; the share of them that docent keeps, and the share
of docent's words that pdftotext does not see; the share of pairs of neighbouring words that docent
keeps, which falls where text is read in another order; and the seconds of computing. With
`--pypdf`, the text of pypdf is compared in the same way.
"""

from __future__ import annotations

import argparse
import logging
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from ingest.documents import Page, PageError
from ingest.formats import read_document

_WORD = re.compile(r"\w+")


def read_with_docent(path: Path) -> str:
    """Return the text and headings that docent reads."""
    document = read_document(Page("pdf", path.name, "", path.read_bytes()))
    parts: list[str] = []
    before: Sequence[str] = ()
    for section in document.sections:
        parts += [title for title in section.headings if title not in before]
        parts += [block.text for block in section.blocks]
        before = section.headings
    return "\n".join(parts)


def read_with_pypdf(path: Path) -> str:
    """Return the text of pypdf."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    return "\n".join(sheet.extract_text() for sheet in PdfReader(path).pages)


def read_with_poppler(path: Path) -> str:
    """Return the text of `pdftotext`, which must be installed."""
    command = ["pdftotext", "-q", str(path), "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def compare(text: str, reference: str) -> tuple[float, float, float]:
    """Return recall of words, share of extra words, and recall of pairs."""
    ours, theirs = _WORD.findall(text.casefold()), _WORD.findall(reference.casefold())
    shared = (Counter(ours) & Counter(theirs)).total()
    pairs = (Counter(pairwise(ours)) & Counter(pairwise(theirs))).total()
    return (
        shared / max(len(theirs), 1),
        1 - shared / max(len(ours), 1),
        pairs / max(len(theirs) - 1, 1),
    )


def main() -> None:
    """Print a row of a table for each PDF."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pypdf", action="store_true", help="measure pypdf as well")
    options = parser.parse_args()
    readers: dict[str, Callable[[Path], str]] = {"docent": read_with_docent}
    if options.pypdf:
        readers["pypdf"] = read_with_pypdf
    print("| file | words | reader | recall | extra | pairs | seconds |")
    print("|---|---|---|---|---|---|---|")
    for path in sorted(options.folder.glob("*.pdf")):
        reference = read_with_poppler(path)
        words = len(_WORD.findall(reference))
        for name, read in readers.items():
            began = time.process_time()
            try:
                text = read(path)
            except PageError as error:
                print(f"| {path.name} | {words:,} | {name} | {error} | | | |")
                continue
            seconds = time.process_time() - began
            recall, extra, pairs = compare(text, reference)
            print(
                f"| {path.name} | {words:,} | {name} | {recall:.3f} | {extra:.3f} | {pairs:.3f} "
                f"| {seconds:.1f} |"
            )


if __name__ == "__main__":
    main()
