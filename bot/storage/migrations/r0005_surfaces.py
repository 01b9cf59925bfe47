"""The surface on which each question was asked: Slack, for all that are older."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, MetaData, Table, Text

from ingest.state.migration import complete_tables

revision = "0005"
down_revision = "0004"

tables = MetaData()

# Of these tables, only the new column counts here.
for name in ("bot_answers", "bot_inbox"):
    Table(
        name,
        tables,
        Column("id", Text, primary_key=True),
        Column("surface", Text, nullable=False, server_default="slack"),
    )


def upgrade() -> None:
    """Add the columns."""
    complete_tables(op.get_bind(), tables)
