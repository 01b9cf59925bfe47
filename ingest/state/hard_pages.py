"""Pages that took too much time or memory, and pages that had no turn beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Engine, insert, select

from ingest.state.database import delete_row
from ingest.state.tables import hard_pages
from rag_core import __version__


class HardPages:
    """The hard pages of one index; another version of docent tries them again."""

    def __init__(self, engine: Engine, *, index: str) -> None:
        self._engine = engine
        self._index = index
        self._docent = __version__

    def read(self) -> dict[str, str]:
        """Return the reason why each page was not read, by its hash."""
        query = select(hard_pages.c.content_hash, hard_pages.c.reason).where(
            hard_pages.c.index_name == self._index, hard_pages.c.docent == self._docent
        )
        with self._engine.connect() as connection:
            return {row.content_hash: row.reason for row in connection.execute(query)}

    def remember(self, sources: Iterable[str], pages: Mapping[tuple[str, str], str]) -> None:
        """Record the hard pages of these sources instead of earlier ones.

        Args:
            sources: names of the sources.
            pages: the reason by source and hash of each hard page.
        """
        rows = [
            {
                "index_name": self._index,
                "source": source,
                "content_hash": content_hash,
                "reason": reason,
                "docent": self._docent,
            }
            for (source, content_hash), reason in pages.items()
        ]
        with self._engine.begin() as connection:
            for source in sources:
                delete_row(connection, hard_pages, index_name=self._index, source=source)
            if rows:
                connection.execute(insert(hard_pages), rows)
