"""Editions of the documentation: two states of it in turns, so that each sync has a change."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_edition(target: Path, old: Path, later: Path, number: int) -> None:
    """Write an edition: an even one has the pages of `old`, an odd one those of `later`.

    From the third on, each page in which they differ says which edition it is, so that no edition
    equals one before.
    """
    states = read_pages(old), read_pages(later)
    chosen = states[number % 2]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name, text in chosen.items():
            differs = states[0].get(name) != states[1].get(name)
            mark = f"\n\nThis is edition {number}.\n" if differs and number > 1 else ""
            written.writestr(name, text + mark)


def edit_one_page(target: Path, source: Path) -> None:
    """Write a copy with a sentence more on its first page."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for number, (name, text) in enumerate(read_pages(source).items()):
            written.writestr(name, text + "\n\nA sentence more.\n" * (number == 0))


def read_pages(archive: Path) -> Mapping[str, str]:
    """The Markdown of an archive, by name."""
    with zipfile.ZipFile(archive) as read:
        return {
            name: read.read(name).decode()
            for name in sorted(read.namelist())
            if name.endswith(".md")
        }
