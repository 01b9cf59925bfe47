"""The other people whose words an answer may hold, so that they can be forgotten."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, MetaData, Table, Text

from ingest.state.migration import complete_tables

revision = "0004"
down_revision = "0003"

tables = MetaData()

# Of this table, only the new column counts here.
Table(
    "bot_answers",
    tables,
    Column("id", Text, primary_key=True),
    Column("authors", Text, nullable=False, server_default=""),
)


def upgrade() -> None:
    """Add the column."""
    complete_tables(op.get_bind(), tables)
