"""Look at sources without the index: `docent index --explain | --check-links`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from bot.cli.console import err, out
from bot.cli.options import print_json
from bot.printable import join_lines
from rag_core.english import format_count

if TYPE_CHECKING:
    from ingest.inspection.explanation import Explanation
    from ingest.inspection.link_check import LinkCheck

_FIRST_LINE = 100  # characters of a chunk
_LINES_SHOWN = 100


def inspect_sources(words: Sequence[str], *, explain: str | None, as_json: bool) -> None:
    """Explain a page or check links, and print the result.

    Args:
        words: the sources; without any, those of the settings. A number before them is the size
            of the sample of links.
        explain: the page to explain; None to check links.
        as_json: print JSON.

    Raises:
        Exit: with code 1, if a link is dead or none could be checked.
        DocentError: the sources or the page can't be read.
    """
    from bot.cli import terminal
    from ingest.factory import open_downloads
    from ingest.inspection.explanation import explain_page
    from ingest.inspection.link_check import SAMPLE, check_links
    from ingest.report import ignore_progress
    from ingest.settings import IngestSettings
    from ingest.sources import parse_sources, select_sources
    from rag_core.factory import open_tokenizer
    from rag_core.settings import RagSettings

    has_number = explain is None and bool(words) and words[0].isascii() and words[0].isdecimal()
    sample = max(int(words[0]), 1) if has_number else SAMPLE
    settings = IngestSettings.load()
    configured = parse_sources(settings.sources)
    sources = select_sources(words[1:] if has_number else words, configured)
    downloads = open_downloads(settings, prefers_stored=True)
    tokenizer = open_tokenizer(RagSettings.load())
    with terminal.show_progress() as show:
        progress = ignore_progress if show is None else show
        if explain is not None:
            explanation = explain_page(explain, sources, downloads, tokenizer, progress=progress)
        else:
            check = check_links(sources, downloads, tokenizer, sample=sample, progress=progress)
    if explain is not None:
        print_json(explanation.as_json()) if as_json else print_explanation(explanation)
        return
    print_json(check.as_json()) if as_json else print_link_check(check)
    if check.has_failed:
        raise typer.Exit(1)


def print_explanation(page: Explanation) -> None:
    """Print a page as docent reads it."""
    _print_line(f"{page.source}: {page.path}", style="bold")
    for name, value in (
        ("Title", page.title),
        ("Address", page.url),
        ("Site maker", page.maker or "unknown"),
        ("Anchors", page.anchors or "github"),
    ):
        _print_line(f"{name}: {value}")
    if page.error:
        _print_line(f"The page {page.error}; left out.", style="yellow")
    _print_title(f"Headings ({len(page.headings)})", len(page.headings))
    for heading in page.headings:
        anchor = f"  #{heading.anchor}" if heading.anchor else "  (no anchor)"
        _print_line(f"{'  ' * len(heading.headings)}{heading.headings[-1]}{anchor}")
    _print_title(f"Chunks ({len(page.chunks)})", len(page.chunks))
    for chunk in page.chunks:
        _print_line(f"  {chunk.number}. {chunk.heading_path} ({chunk.tokens:,} tokens)")
        first = next(filter(str.strip, chunk.text.split("\n")), "")
        _print_line(f"     {first[:_FIRST_LINE]}", style="dim")
    _print_title("Left out", len(page.left_out) + len(page.notes))
    for piece in page.left_out:
        _print_line(f"  {piece.reason}: {piece.text}")
    for note in page.notes:
        _print_line(f"  {note}", style="yellow")


def print_link_check(check: LinkCheck) -> None:
    """Print the dead addresses on stdout, and the rest on stderr."""
    from ingest.report import limit_lines

    for line in limit_lines(check.dead, _LINES_SHOWN):
        _print_line(line)
    for line in limit_lines(check.unchecked, _LINES_SHOWN):
        err.print(Text(f"  Not checked: {join_lines(line)}", style="yellow"), soft_wrap=True)
    checked = format_count(check.addresses, "address", "addresses")
    err.print(
        f"Checked {checked} on {format_count(check.pages, 'page')}; {len(check.dead):,} dead."
    )


def _print_title(title: str, count: int) -> None:
    if count:
        _print_line(f"\n{title}", style="bold")


def _print_line(line: str, *, style: str = "") -> None:
    lead = "\n" if line.startswith("\n") else ""
    indent = line.removeprefix("\n")
    indent = indent[: len(indent) - len(indent.lstrip(" "))]
    out.print(Text(f"{lead}{indent}{join_lines(line.strip())}", style=style), soft_wrap=True)
