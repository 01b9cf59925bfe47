"""The environment of the revisions, which Alembic runs: the connection that docent hands it."""

from __future__ import annotations

from alembic import context

options = context.config.attributes
context.configure(
    connection=options["connection"],
    version_table=options["version_table"],
    render_as_batch=True,
)
context.run_migrations()
