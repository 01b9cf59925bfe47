"""Types of columns: moments in UTC, and texts that every database takes."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in time: aware in Python, UTC without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a moment for the database."""
        del dialect
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a moment from the database."""
        del dialect
        return value.replace(tzinfo=UTC) if value else None


class CleanText(TypeDecorator[str]):
    """A text of any length, without the characters that a database refuses.

    A column of a limited length would be checked on PostgreSQL and not on SQLite.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Clean a text for the database."""
        del dialect
        return None if value is None else clean_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return a text as the database has it."""
        del dialect
        return value


def clean_text(text: str) -> str:
    """Replace NUL characters and lone surrogates, and join pairs of surrogates."""
    if text.isascii():
        return text.replace("\0", _REPLACEMENT)
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", _REPLACEMENT)
