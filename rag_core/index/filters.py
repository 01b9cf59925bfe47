"""Filter expressions of Milvus, safe for all texts that a scope may hold."""

from __future__ import annotations

from collections.abc import Sequence

from rag_core.types import Chunk, PageKey, Scope

# A string of the filter language has no raw line break; its escapes are those of C.
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"})


def build_filter(scope: Scope) -> str:
    """Build the filter expression of a scope; '' selects the whole index."""
    conditions = []
    if scope.sources:
        conditions.append(f"source in [{', '.join(map(_quote_string, scope.sources))}]")
    conditions += [
        f"{name} == {_quote_string(value)}"
        for name, value in (("version", scope.version), ("language", scope.language))
        if value
    ]
    if scope.path_prefix:
        # A range, because LIKE reads % and _ in a path as wildcards.
        after = _quote_string(scope.path_prefix + "\U0010ffff")
        conditions.append(f"(path >= {_quote_string(scope.path_prefix)} and path < {after})")
    return " and ".join(conditions)


def build_page_filter(pages: Sequence[PageKey]) -> str:
    """Build the filter expression for the chunks of some pages."""
    by_source: dict[str, list[str]] = {}
    for source, path in sorted(set(pages)):
        by_source.setdefault(source, []).append(_quote_string(path))
    return " or ".join(
        f"(source == {_quote_string(source)} and path in [{', '.join(paths)}])"
        for source, paths in by_source.items()
    )


def build_place_filter(place: str, source: str = "") -> str:
    """Build the filter expression for the pages at a place.

    Args:
        place: the path of a page inside its source, or its address without an anchor.
        source: name of the source; empty for any.
    """
    named = _quote_string(place)
    first, after = _quote_string(f"{place}#"), _quote_string(f"{place}#\U0010ffff")
    anywhere = f"(path == {named} or url == {named} or (url >= {first} and url < {after}))"
    return f"source == {_quote_string(source)} and {anywhere}" if source else anywhere


def build_neighbour_filter(chunks: Sequence[Chunk], reach: int) -> str:
    """Build the filter expression for chunks with those near them.

    Near are `reach` places before and behind. Without chunks it is empty.
    """
    places = {
        (chunk.page_key, chunk.position - reach, chunk.position + reach): None for chunk in chunks
    }
    return " or ".join(
        f"(source == {_quote_string(source)} and path == {_quote_string(path)}"
        f" and position >= {first} and position <= {last})"
        for (source, path), first, last in places
    )


def _quote_string(text: str) -> str:
    """Quote a text; replace surrogates, which can't be sent."""
    escaped = text.translate(_ESCAPES).encode(errors="replace").decode()
    return f'"{escaped}"'
