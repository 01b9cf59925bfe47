"""A scope becomes a filter expression of Milvus, whatever texts it holds."""

from __future__ import annotations

from collections.abc import Sequence

from rag_core.types import PageKey, Scope

# A string of the filter language has no raw line break; its escapes are those of C.
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"})


def build_filter(scope: Scope) -> str:
    """A Milvus filter expression; '' for the whole index."""
    conditions = []
    if scope.sources:
        conditions.append(f"source in [{', '.join(map(_quote_string, scope.sources))}]")
    conditions += [
        f"{name} == {_quote_string(wanted)}"
        for name, wanted in (("version", scope.version), ("language", scope.language))
        if wanted
    ]
    if scope.path_prefix:
        # A range, because LIKE would read % and _ of a path as wildcards.
        after = _quote_string(scope.path_prefix + "\U0010ffff")
        conditions.append(f"(path >= {_quote_string(scope.path_prefix)} and path < {after})")
    return " and ".join(conditions)


def build_page_filter(pages: Sequence[PageKey], chunks: int) -> str:
    """A filter expression for the first `chunks` chunks of pages that have one of these paths."""
    paths = ", ".join(_quote_string(path) for path in sorted({path for _, path in pages}))
    return f"path in [{paths}] and position < {chunks}"


def _quote_string(text: str) -> str:
    """A string of the filter language, whatever the text is; surrogates can't be sent at all."""
    escaped = text.translate(_ESCAPES).encode(errors="replace").decode()
    return f'"{escaped}"'
