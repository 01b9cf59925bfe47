"""The check of a command's scope: what no page has is an error, not an empty answer."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from bot.index_service import PageLabels, read_page_labels
from rag_core.errors import QuestionError
from rag_core.protocols import VectorStore
from rag_core.types import Scope

_MOST_NAMES = 10


def check_scope(store: VectorStore, scope: Scope) -> None:
    """Refuse a scope, or a source of it, without pages.

    Raises:
        QuestionError: naming the option, and the values that pages have.
        StoreError: the index can't be used.
    """
    live = store.read_live_index()
    if live is None or scope == Scope():
        return
    # Any vector will do: where there are pages, one of them is the nearest.
    vector = np.eye(1, live.spec.dimension, dtype=np.float32)[0]
    for part in (scope, *(Scope((source,)) for source in scope.sources)):
        if not store.search_dense(live.collection, vector, limit=1, scope=part):
            raise _find_fault(scope, read_page_labels(store) or ())


def _find_fault(scope: Scope, pages: Collection[PageLabels]) -> QuestionError:
    for option, values in (
        ("source", scope.sources),
        ("version", (scope.version,)),
        ("language", (scope.language,)),
    ):
        known = {getattr(page, option) for page in pages} - {""}
        for value in values:
            if value and value not in known:
                return _build_unknown_error(option, value, known)
    if not any(page.path.startswith(scope.path_prefix) for page in pages):
        places = {"".join(page.path.partition("/")[:2]) for page in pages}
        return QuestionError(
            f"No page of the index has a path that begins with {scope.path_prefix}: paths begin "
            f"with {_list(places)}."
        )
    return QuestionError(
        "No page of the index fits all of the source, version, language and path "
        "that you gave: leave one of them out."
    )


def _build_unknown_error(option: str, value: str, known: Collection[str]) -> QuestionError:
    if not known:
        return QuestionError(f"No page of the index has a {option}: ask again without one.")
    return QuestionError(f"No page of the index has the {option} {value}: there is {_list(known)}.")


def _list(names: Collection[str]) -> str:
    """Return the first names in order, and how many more there are."""
    more = len(names) - _MOST_NAMES
    return ", ".join(sorted(names)[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")
