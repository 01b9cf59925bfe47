"""Versions are brought up to date in place, by what differs."""

from __future__ import annotations

import re

from alembic import op
from sqlalchemy import Column, DateTime, Integer, Text, text

revision = "0004"
down_revision = "0003"

_COUNT = (
    "UPDATE pages SET chunks = (SELECT count(*) FROM chunks c WHERE c.collection = "
    "pages.collection AND c.source = pages.source AND c.path = pages.path)"
)

_NUMBER = "UPDATE index_versions SET number = :number WHERE collection = :collection"


def upgrade() -> None:
    """Add the writers of versions, and hashes of rows."""
    op.add_column("index_versions", Column("number", Integer, nullable=False, server_default="0"))
    op.add_column("index_versions", Column("dead", Integer, nullable=False, server_default="0"))
    op.add_column("index_versions", Column("writer", Text, nullable=False, server_default=""))
    op.add_column("index_versions", Column("switched_at", DateTime))
    op.add_column("pages", Column("chunks", Integer, nullable=False, server_default="0"))
    op.add_column("chunks", Column("row_hash", Text, nullable=False, server_default=""))
    op.create_index("chunks_by_page", "chunks", ["collection", "source", "path"])
    op.create_index("chunks_by_text", "chunks", ["collection", "embedding_hash"])
    op.create_table(
        "identities",
        Column("name", Text, primary_key=True),
        Column("identity", Text, nullable=False),
    )
    connection = op.get_bind()
    connection.execute(text(_COUNT))
    for (collection,) in connection.execute(text("SELECT collection FROM index_versions")).all():
        match = re.search(r"__v(\d+)(?:_[0-9a-f]{8})?$", collection)
        values = {"number": int(match[1]) if match else 0, "collection": collection}
        connection.execute(text(_NUMBER), values)
