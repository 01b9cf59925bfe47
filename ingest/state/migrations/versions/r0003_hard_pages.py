"""Pages that took too much time or memory are remembered."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table of hard pages."""
    op.create_table(
        "hard_pages",
        Column("index_name", Text, primary_key=True),
        Column("source", Text, primary_key=True),
        Column("content_hash", Text, primary_key=True),
        Column("reason", Text, nullable=False),
        Column("docent", Text, nullable=False),
    )
