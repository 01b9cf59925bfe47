"""The workspace of each user, who is another person in another one."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, insert, inspect, select

from ingest.state.migration import complete_tables

revision = "0003"
down_revision = "0002"

tables, old_tables = MetaData(), MetaData()

# Of these tables, only the new column counts here.
for name, key in (("bot_answers", Text), ("bot_audit", Integer), ("bot_inbox", Text)):
    Table(
        name,
        tables,
        Column("id", key, primary_key=True),
        Column("user_team", Text, nullable=False, server_default=""),
    )

old_ratings, ratings = (
    Table(
        "bot_ratings",
        metadata,
        Column("answer", Text, primary_key=True),
        Column("user", Text, primary_key=True),
        *team,
        Column("verdict", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("comment", Text, nullable=False),
        Column("rated_at", DateTime, nullable=False),
    )
    for metadata, team in (
        (old_tables, ()),
        (MetaData(), (Column("user_team", Text, primary_key=True, server_default=""),)),
    )
)


def upgrade() -> None:
    """Add the columns; the key of a rating gets the team."""
    connection = op.get_bind()
    complete_tables(connection, tables)
    if "user_team" in {each["name"] for each in inspect(connection).get_columns("bot_ratings")}:
        return
    rows = [dict(row) for row in connection.execute(select(old_ratings)).mappings()]
    old_ratings.drop(connection)
    ratings.create(connection)
    if rows:
        connection.execute(insert(ratings), rows)
