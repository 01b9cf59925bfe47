"""One page with its includes filled in, for the tests of this room."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ingest.includes.filling import FilledPages, fill_includes


def fill(others: Mapping[str, str] | None = None, **files: str) -> FilledPages:
    """Fill in documents, beside which the source has other files."""
    kept = {path: text.encode() for path, text in (others or {}).items()}

    def read_others(paths: Collection[str]) -> Mapping[str, bytes]:
        return {path: kept[path] for path in paths if path in kept}

    documents = {path: text.encode() for path, text in files.items()}
    return fill_includes(documents, read_others, lambda data: data.decode())


def show(page: str, others: Mapping[str, str] | None = None, path: str = "docs/a.md") -> str:
    """Return a page as docent reads it."""
    return fill(others, **{path: page}).texts.get(path, page.encode()).decode()
